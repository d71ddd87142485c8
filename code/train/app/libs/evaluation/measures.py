"""Measures of a classifier on held-out rows, each with a bootstrap 95 % interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.evaluation.bootstrap import mean_with_interval, with_interval
from libs.evaluation.calibration import SCORE_BINS, measure_calibration


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
    found["ece"] = measure_calibration(judged, rng)
    polar = count_scores(judged)
    found["roc_auc"] = with_interval(polar, roc_auc, rng)
    if judged.classes == 3:
        found["polar_accuracy"] = with_interval(_count_polar(judged), accuracy, rng)
    found["log_loss"] = mean_with_interval(-np.log(np.clip(_chance_of_truth(judged), 1e-7, 1)), rng)
    # What averaging scores over a brand is off by: NEGATIVE counts 0, NEUTRAL a half, POSITIVE 1.
    found["score_bias"] = mean_with_interval(judged.scores - judged.labels / (judged.classes - 1), rng)
    return found


def accuracy(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """Share of rows taken for what they are."""
    hits = np.trace(confusion, axis1=-2, axis2=-1)
    return np.asarray(hits / np.maximum(confusion.sum(axis=(-2, -1)), 1))


def macro_recall(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """Mean over the classes of the share that was found (SemEval-2017 task 4 A's measure)."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return np.asarray(np.mean(hits / np.maximum(confusion.sum(axis=-1), 1), axis=-1))


def macro_f1(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """Mean over the classes of the harmonic mean of precision and recall."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return np.asarray(np.mean(2 * hits / np.maximum(confusion.sum(axis=-2) + confusion.sum(axis=-1), 1), axis=-1))


def count_scores(judged: Judged) -> NDArray[np.int64]:
    """Return counts [2, SCORE_BINS] of the scores of the negative and of the positive rows; neutral ones are left out."""
    bins = np.minimum((judged.scores * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    sides = (judged.labels == 0, judged.labels == judged.classes - 1)
    return np.stack([np.bincount(bins[side], minlength=SCORE_BINS) for side in sides])


def roc_auc(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Chance that a positive row scores above a negative one; ties within a bin count half."""
    negative, positive = counts[..., 0, :], counts[..., 1, :]
    below = np.cumsum(negative, axis=-1) - negative / 2
    pairs = negative.sum(axis=-1) * positive.sum(axis=-1)
    return np.asarray((positive * below).sum(axis=-1) / np.maximum(pairs, 1))


def average_precision(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Mean precision over the own rows from the highest claim down: the area under the precision-recall curve."""
    others, own = counts[..., 0, ::-1], counts[..., 1, ::-1]
    found = np.cumsum(own, axis=-1)
    precision = found / np.maximum(found + np.cumsum(others, axis=-1), 1)
    return np.asarray((own * precision).sum(axis=-1) / np.maximum(own.sum(axis=-1), 1))


def _count_polar(judged: Judged) -> NDArray[np.int64]:
    sides = judged.at(judged.labels != 1)
    positive = sides.probabilities[:, 2] >= sides.probabilities[:, 0]
    return np.bincount((sides.labels // 2) * 2 + positive, minlength=4).reshape(2, 2)


def _chance_of_truth(judged: Judged) -> NDArray[np.float32]:
    chances: NDArray[np.float32] = judged.probabilities[np.arange(len(judged.labels)), judged.labels]
    return chances
