"""Measures of a classifier on held-out rows, each with a bootstrap 95 % interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

RESAMPLES: Final = 1000
SCORE_BINS: Final = 1000
CALIBRATION_BINS: Final = 15
_INTERVAL: Final = (2.5, 97.5)


@dataclass(frozen=True)
class Judged:
    """Held-out rows with what they are and what the network makes of them.

    ``labels`` [rows] and columns of ``probabilities`` [rows, classes] index the release's classes: the first is
    NEGATIVE and the last POSITIVE.
    """

    labels: NDArray[np.int8]
    probabilities: NDArray[np.float32]

    @property
    def classes(self) -> int:
        """How many classes there are: 2 or 3."""
        return int(self.probabilities.shape[1])

    @property
    def scores(self) -> NDArray[np.float64]:
        """P(positive) + P(neutral)/2 of every row."""
        weights = np.linspace(0, 1, self.classes)
        return np.asarray(self.probabilities @ weights, dtype=np.float64)

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The likeliest class of every row; of two classes that is score ≥ 0.5."""
        if self.classes == 2:
            return (self.scores >= 0.5).astype(np.int64)
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    def at(self, rows: NDArray[np.bool_]) -> Judged:
        """Return some of the rows."""
        return Judged(self.labels[rows], self.probabilities[rows])


def count_confusion(judged: Judged) -> NDArray[np.int64]:
    """Return counts [classes, classes]: what the rows are, by what they were taken for."""
    cells = judged.labels.astype(np.int64) * judged.classes + judged.predicted
    return np.bincount(cells, minlength=judged.classes**2).reshape(judged.classes, judged.classes)


def measure(judged: Judged, seed: int) -> dict[str, dict[str, float]]:
    """Return every measure as ``{"value", "low", "high"}``; the ends are the bootstrap's 2.5 and 97.5 percentiles.

    Drawing rows again and again (Efron 1979) is drawing the counts of their cells from a multinomial, which takes no
    longer for a million rows than for a hundred.
    """
    rng = np.random.default_rng(seed)
    confusion = count_confusion(judged)
    found = {
        name: with_interval(confusion, rule, rng)
        for name, rule in (("accuracy", accuracy), ("macro_recall", macro_recall), ("macro_f1", macro_f1))
    }
    found["ece"] = with_interval(count_calibration(judged), expected_calibration_error, rng)
    polar = count_scores(judged)
    found["roc_auc"] = with_interval(polar, roc_auc, rng)
    if judged.classes == 3:
        found["polar_accuracy"] = with_interval(_count_polar(judged), accuracy, rng)
    found["log_loss"] = _mean_with_interval(-np.log(np.clip(_chance_of_truth(judged), 1e-7, 1)), rng)
    return found


def with_interval(
    counts: NDArray[Any], rule: Callable[[NDArray[Any]], float], rng: np.random.Generator
) -> dict[str, float]:
    """Return ``rule`` of the counts with its bootstrap interval."""
    total = counts.sum()
    if not total:
        return {"value": float("nan"), "low": float("nan"), "high": float("nan")}
    flat = counts.reshape(-1) / total
    draws = rng.multinomial(round(float(total)), flat, size=RESAMPLES)
    low, high = np.percentile([rule(draw.reshape(counts.shape)) for draw in draws], _INTERVAL)
    return {"value": round(float(rule(counts)), 5), "low": round(float(low), 5), "high": round(float(high), 5)}


def accuracy(confusion: NDArray[Any]) -> float:
    """Share of rows taken for what they are."""
    return float(np.trace(confusion) / max(confusion.sum(), 1))


def macro_recall(confusion: NDArray[Any]) -> float:
    """Mean over the classes of the share that was found (SemEval-2017 task 4 A's measure)."""
    return float(np.mean(np.diag(confusion) / np.maximum(confusion.sum(axis=1), 1)))


def macro_f1(confusion: NDArray[Any]) -> float:
    """Mean over the classes of the harmonic mean of precision and recall."""
    return float(np.mean(2 * np.diag(confusion) / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1), 1)))


def count_scores(judged: Judged) -> NDArray[np.int64]:
    """Return counts [2, SCORE_BINS] of the scores of the negative and of the positive rows; neutral ones are left out."""
    bins = np.minimum((judged.scores * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    sides = (judged.labels == 0, judged.labels == judged.classes - 1)
    return np.stack([np.bincount(bins[side], minlength=SCORE_BINS) for side in sides])


def roc_auc(counts: NDArray[Any]) -> float:
    """Chance that a positive row scores above a negative one; ties within a bin count half."""
    negative, positive = counts
    below = np.cumsum(negative) - negative / 2
    return float((positive * below).sum() / max(negative.sum() * positive.sum(), 1))


def count_calibration(judged: Judged) -> NDArray[np.float64]:
    """Return [bins, 2] counts of (wrong, right) claims by confidence, flattened over fine bins of the claim.

    Two classes: the claim is P(positive). Three: the likeliest class's probability (Guo et al. 2017).
    """
    claims, right = _claims(judged)
    bins = np.minimum((claims * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    return np.stack(
        [np.bincount(bins[~right], minlength=SCORE_BINS), np.bincount(bins[right], minlength=SCORE_BINS)], axis=1
    ).astype(np.float64)


def expected_calibration_error(counts: NDArray[Any]) -> float:
    """Mean gap between what is claimed and what comes true, over CALIBRATION_BINS equal bins weighted by their rows."""
    _, claimed, true, weights = calibration_curve(counts)
    return float(np.sum(weights * np.abs(claimed - true)))


def calibration_curve(
    counts: NDArray[Any],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the filled bins' numbers, mean claims, shares that came true, and shares of the rows."""
    middle = (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS
    coarse = np.minimum((middle * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    rows = np.bincount(coarse, counts.sum(axis=1), CALIBRATION_BINS)
    claimed = np.bincount(coarse, counts.sum(axis=1) * middle, CALIBRATION_BINS)
    true = np.bincount(coarse, counts[:, 1], CALIBRATION_BINS)
    full = rows > 0
    return (
        np.flatnonzero(full).astype(np.float64),
        claimed[full] / rows[full],
        true[full] / rows[full],
        rows[full] / rows.sum(),
    )


def _claims(judged: Judged) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if judged.classes == 2:
        return judged.scores, judged.labels == 1
    return judged.probabilities.max(axis=1).astype(np.float64), judged.predicted == judged.labels


def _count_polar(judged: Judged) -> NDArray[np.int64]:
    sides = judged.at(judged.labels != 1)
    positive = sides.probabilities[:, 2] >= sides.probabilities[:, 0]
    return np.bincount((sides.labels // 2) * 2 + positive, minlength=4).reshape(2, 2)


def _chance_of_truth(judged: Judged) -> NDArray[np.float32]:
    chances: NDArray[np.float32] = judged.probabilities[np.arange(len(judged.labels)), judged.labels]
    return chances


def _mean_with_interval(values: NDArray[np.float32], rng: np.random.Generator) -> dict[str, float]:
    means = [rng.choice(values, min(len(values), 20_000)).mean() for _ in range(200)]
    spread = np.std(means) * np.sqrt(min(len(values), 20_000) / len(values)) * 1.96
    value = float(values.mean())
    return {"value": round(value, 5), "low": round(value - spread, 5), "high": round(value + spread, 5)}
