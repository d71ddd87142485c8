"""Bootstrap 95 % intervals of measured values (Efron 1979)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from libs.values.report import Figure

Rule = Callable[[NDArray[Any]], NDArray[np.float64]]

RESAMPLES: Final = 1000
INTERVAL: Final = (2.5, 97.5)
_MOST_DRAWN: Final = 20_000


def with_interval(counts: NDArray[Any], rule: Rule, rng: np.random.Generator, *, centred: bool = False) -> Figure:
    """Return ``rule`` of the counts with its interval; a rule takes the counts of many draws at once, in front.

    Drawing rows again and again is drawing the counts of their cells from a multinomial, which takes no longer for a
    million rows than for a hundred. ``centred`` moves the interval to the value, for a rule that grows by noise alone.
    """
    total = counts.sum()
    if not total:
        return Figure(value=float("nan"), low=float("nan"), high=float("nan"))
    draws = rng.multinomial(round(float(total)), counts.reshape(-1) / total, size=RESAMPLES)
    found = rule(draws.reshape(RESAMPLES, *counts.shape))
    value = float(rule(counts))
    low, high = np.percentile(found, INTERVAL) - (np.median(found) - value if centred else 0.0)
    return Figure(value=round(value, 5), low=round(float(low), 5), high=round(float(high), 5))


def mean_with_interval(values: NDArray[Any], rng: np.random.Generator) -> Figure:
    """Return the mean with its interval; of many values some are drawn, whose means scatter more by a known factor."""
    drawn = min(len(values), _MOST_DRAWN)
    means = [rng.choice(values, drawn).mean() for _ in range(200)]
    spread = np.std(means) * np.sqrt(drawn / len(values)) * 1.96
    value = float(values.mean())
    return Figure(value=round(value, 5), low=round(value - spread, 5), high=round(value + spread, 5))
