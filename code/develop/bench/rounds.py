"""Ways of answering measured in rounds, in turn, so that a neighbour's noise falls on all of them alike."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Final, NamedTuple

from develop.bench.load import Load, run_load
from sentiment.model.classifier import Classifier
from sentiment.text.cleaning import clean

ROUNDS: Final = int(os.environ.get("ROUNDS", "5"))
SECONDS: Final = float(os.environ.get("SECONDS", "2"))


class Figure(NamedTuple):
    """Medians over the rounds: answers a second, and milliseconds."""

    rate: float
    middle_ms: float
    p99_ms: float

    def cells(self) -> list[str]:
        """Return the figure as cells of a table."""
        return [
            f"{self.rate:,.2f}" if self.rate < 10 else f"{self.rate:,.0f}",
            f"{self.middle_ms:.2f}",
            f"{self.p99_ms:.2f}",
        ]


def alternate(ways: dict[str, Callable[[], Load]], rounds: int = ROUNDS) -> dict[str, Figure]:
    """Run each way once a round, in turn, so that a neighbour's noise falls on all; return medians."""
    loads: dict[str, list[Load]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            loads[name].append(way())
    return {name: _summarise(name, runs) for name, runs in loads.items()}


def _summarise(name: str, runs: list[Load]) -> Figure:
    refused = {status: count for run in runs for status, count in run.others.items()}
    if refused:
        sys.exit(f"{name} answered other than 200: {refused}")
    return Figure(
        statistics.median(run.rate for run in runs),
        statistics.median(run.percentile(0.5) for run in runs) * 1000,
        statistics.median(run.percentile(0.99) for run in runs) * 1000,
    )


def make_asker(url: str, bodies: Sequence[bytes], connections: int, seconds: float = SECONDS) -> Callable[[], Load]:
    """Return a way: ask ``url`` over ``connections`` for one round."""
    return lambda: run_load(url, bodies, connections=connections, seconds=seconds)


def make_caller(classifier: Classifier, batches: Sequence[Sequence[str]]) -> Callable[[], Load]:
    """Return a way: clean and predict the batches in this process for one round; a latency is that of a batch."""

    def call() -> Load:
        load, following = Load(), cycle(batches)
        started = time.perf_counter()
        for moment in _tick(started):
            classifier.predict([clean(text) for text in next(following)])
            load.latencies.append(time.perf_counter() - moment)
        load.seconds = time.perf_counter() - started
        return load

    return call


def _tick(started: float) -> Iterator[float]:
    while (moment := time.perf_counter()) - started < SECONDS:
        yield moment
