"""What alerts ask of train, read off the runs' records at each scrape.

Counters in a process would not do: training runs in processes of its own and from the command line, a service that starts
anew has counted nothing, and several workers would each have an opinion. The records in the store say the same to all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Final, NamedTuple

from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from libs.runs.control import current_run
from libs.runs.record import Run, list_runs
from sentiment.errors import SentimentError
from sentiment.store import Store

logger = logging.getLogger(__name__)

STARTED = Counter("train_runs_started_total", "Training runs started through the API.")
_LOOKED_AT: Final = 20  # newest runs; a record that has ended is read once


class Described(NamedTuple):
    """A metric's name, its help text, and its labels."""

    name: str
    text: str
    labels: tuple[str, ...] = ()


READABLE: Final = Described("train_store_readable", "1 when the runs' records could be read at this scrape, else 0.")
ACTIVE: Final = Described("train_run_active", "1 while a run is queued or running, else 0.")
PROGRESS: Final = Described("train_run_progress_ratio", "How far the newest run is or came, from 0 to 1.")
ENDED: Final = Described(
    "train_last_run_finished_timestamp_seconds", "When a run last ended so (Unix time), of the newest 20.", ("status",)
)
SECONDS: Final = Described("train_last_run_seconds", "How long the newest run that succeeded took.")
FAILED: Final = Described(
    "train_failed_runs_in_a_row", "Newest ended runs of which none succeeded; cancelled ones aside."
)
PROMOTED: Final = Described("train_last_success_promoted", "1 when the newest run that succeeded went live, else 0.")
QUALITY: Final = Described(
    "train_last_success_quality", "Held-out figures of the newest run that succeeded.", ("measure",)
)
DESCRIBED: Final = (READABLE, ACTIVE, PROGRESS, ENDED, SECONDS, FAILED, PROMOTED, QUALITY)


class RunsCollector(Collector):
    """Says of the newest runs what ``DESCRIBED`` lists; what no run has shown yet has no sample."""

    def __init__(self, store: Store) -> None:
        """``store``: where the records are."""
        self._store = store
        self._ended: dict[str, Run] = {}

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Return the metrics without samples, so that to register them reads nothing."""
        return [_family(described) for described in DESCRIBED]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics. A store that cannot be read costs the samples, not the scrape."""
        try:
            found = list_runs(self._store, _LOOKED_AT, self._ended)
            runs = [run if run.finished else current_run(self._store, run.run_id) for run in found]
        except SentimentError as error:
            logger.warning("the runs' records cannot be read", extra={"code": error.code, "detail": error.detail})
            yield _family(READABLE, 0)
            return
        self._ended = {run.run_id: run for run in runs if run.finished}
        yield _family(READABLE, 1)
        yield _family(ACTIVE, any(not run.finished for run in runs))
        yield from _judge_ended([run for run in runs if run.finished])
        if runs:
            yield _family(PROGRESS, runs[0].progress)


def _judge_ended(runs: Sequence[Run]) -> Iterator[GaugeMetricFamily]:
    ends = _family(ENDED)
    for run in reversed(runs):  # the newest of a status comes last, and counts
        if run.finished_at:
            ends.samples = [sample for sample in ends.samples if sample.labels["status"] != run.status]
            ends.add_metric([run.status], run.finished_at.timestamp())
    yield ends
    meant = [run for run in runs if run.status != "cancelled"]
    yield _family(FAILED, len(list(takewhile(lambda run: run.status != "succeeded", meant))))
    succeeded = next((run for run in meant if run.status == "succeeded"), None)
    if succeeded is None:
        return
    yield _family(PROMOTED, succeeded.promoted)
    if succeeded.started_at and succeeded.finished_at:
        yield _family(SECONDS, (succeeded.finished_at - succeeded.started_at).total_seconds())
    quality = _family(QUALITY)
    for measure, value in succeeded.metrics.items():
        if isinstance(value, int | float):
            quality.add_metric([measure], value)
    yield quality


def _family(described: Described, value: float | None = None) -> GaugeMetricFamily:
    family = GaugeMetricFamily(described.name, described.text, labels=described.labels)
    if value is not None:
        family.add_metric([], float(value))
    return family
