"""Calibration: whether predicted probabilities match how often the prediction is right."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from libs.evaluation.bootstrap import with_interval
from libs.evaluation.scored_rows import ScoredRows
from libs.values.report import Figure

SCORE_BINS: Final = 1000
CALIBRATION_BINS: Final = 15


def measure_calibration(rows: ScoredRows, rng: np.random.Generator) -> Figure:
    """Return the expected calibration error with its interval.

    Drawn rows add noise to each bin, and a mean of absolute gaps only grows by it: so the interval is centred.
    """
    found = with_interval(count_calibration(rows), expected_calibration_error, rng, centred=True)
    return found.model_copy(update={"low": max(found.low, 0.0)})


def count_calibration(rows: ScoredRows) -> NDArray[np.float64]:
    """Return counts [SCORE_BINS, 2] of (wrong, right) predictions by confidence.

    Two classes: the confidence is P(positive), and right is a positive row. Three: it is the likeliest class'
    probability, and right a row of that class (Guo et al. 2017).
    """
    confidence, right = _find_confidence(rows)
    bins = np.minimum((confidence * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    return np.stack(
        [np.bincount(bins[~right], minlength=SCORE_BINS), np.bincount(bins[right], minlength=SCORE_BINS)], axis=1
    ).astype(np.float64)


def expected_calibration_error(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Mean gap between confidence and accuracy, over CALIBRATION_BINS equal bins weighted by their rows."""
    rows, predicted, observed = _sum_bins(counts)
    return np.asarray(np.abs(predicted - observed).sum(axis=-1) / np.maximum(rows.sum(axis=-1), 1))


def calibration_curve(counts: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return mean confidence, share of right predictions, and rows of each bin that has rows."""
    rows, predicted, observed = _sum_bins(counts)
    filled = rows > 0
    return predicted[filled] / rows[filled], observed[filled] / rows[filled], rows[filled].astype(np.int64)


def _sum_bins(counts: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return each coarse bin's rows, the sum of their confidence, and how many of them are right."""
    middle = (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS
    coarse = np.minimum((middle * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    within = np.eye(CALIBRATION_BINS)[coarse]
    rows = counts.sum(axis=-1).astype(np.float64)
    return rows @ within, (rows * middle) @ within, counts[..., 1].astype(np.float64) @ within


def _find_confidence(rows: ScoredRows) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if rows.classes == 2:
        return rows.scores, rows.labels == 1
    return rows.probabilities.max(axis=1).astype(np.float64), rows.predicted == rows.labels
