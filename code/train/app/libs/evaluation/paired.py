"""Two models compared on the same rows: their difference by a paired bootstrap, and McNemar's test."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.evaluation.bootstrap import with_interval
from libs.values.report import Figure

ACCURACY, MACRO_RECALL = "accuracy", "macro recall"


def choose_measure(classes: int) -> str:
    """Return the measure by which models of so many classes are compared: the one that they are trained for."""
    return ACCURACY if classes == 2 else MACRO_RECALL


def count_disagreements(
    ours: NDArray[np.bool_], theirs: NDArray[np.bool_], labels: NDArray[np.int8]
) -> NDArray[np.int64]:
    """Return, per label that occurs, how many rows only ours has right, only theirs, and both or neither."""
    return np.stack([_count(ours[labels == label], theirs[labels == label]) for label in np.unique(labels)])


def compare(counts: NDArray[np.int64], measure: str, rng: np.random.Generator) -> Figure:
    """Return by how much ours is ahead in ``measure``; paired, the interval is narrower than those of two separate figures."""
    return with_interval(counts, _differ_in_recall if measure == MACRO_RECALL else _differ_in_accuracy, rng)


def mcnemar(only_ours: int, only_theirs: int) -> float:
    """Return the two-sided exact p of McNemar's test (1947): a binomial test of the rows that only one of them has right."""
    from scipy.stats import binomtest

    total = only_ours + only_theirs
    return float(binomtest(only_ours, total).pvalue) if total else 1.0


def _count(ours: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> NDArray[np.int64]:
    only_ours, only_theirs = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    return np.array([only_ours, only_theirs, len(ours) - only_ours - only_theirs])


def _differ_in_accuracy(counts: NDArray[Any]) -> NDArray[np.float64]:
    ahead = (counts[..., 0] - counts[..., 1]).sum(axis=-1)
    return np.asarray(ahead / np.maximum(counts.sum(axis=(-2, -1)), 1))


def _differ_in_recall(counts: NDArray[Any]) -> NDArray[np.float64]:
    ahead = (counts[..., 0] - counts[..., 1]) / np.maximum(counts.sum(axis=-1), 1)
    return np.asarray(np.mean(ahead, axis=-1))
