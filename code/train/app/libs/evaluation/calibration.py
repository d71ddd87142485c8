"""Whether what is claimed comes true as often as it is claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from libs.evaluation.bootstrap import with_interval

if TYPE_CHECKING:
    from libs.evaluation.measures import Judged


SCORE_BINS: Final = 1000
CALIBRATION_BINS: Final = 15


def measure_calibration(judged: Judged, rng: np.random.Generator) -> dict[str, float]:
    """Return the expected calibration error with its interval.

    Drawn rows add noise to each bin, and a mean of absolute gaps only grows by it: so the interval is centred.
    """
    found = with_interval(count_calibration(judged), expected_calibration_error, rng, centred=True)
    return found | {"low": max(found["low"], 0.0)}


def count_calibration(judged: Judged) -> NDArray[np.float64]:
    """Return [bins, 2] counts of (wrong, right) claims by confidence, flattened over fine bins of the claim.

    Two classes: the claim is P(positive). Three: the likeliest class's probability (Guo et al. 2017).
    """
    claims, right = _claims(judged)
    bins = np.minimum((claims * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    return np.stack(
        [np.bincount(bins[~right], minlength=SCORE_BINS), np.bincount(bins[right], minlength=SCORE_BINS)], axis=1
    ).astype(np.float64)


def expected_calibration_error(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Mean gap between what is claimed and what comes true, over CALIBRATION_BINS equal bins weighted by their rows."""
    rows, claimed, true = _sum_bins(counts)
    return np.asarray(np.abs(claimed - true).sum(axis=-1) / np.maximum(rows.sum(axis=-1), 1))


def calibration_curve(counts: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return the filled bins' mean claims, shares that came true, and rows."""
    rows, claimed, true = _sum_bins(counts)
    full = rows > 0
    return claimed[full] / rows[full], true[full] / rows[full], rows[full].astype(np.int64)


def _sum_bins(counts: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return each coarse bin's rows, the sum of what they claim, and how many came true."""
    middle = (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS
    coarse = np.minimum((middle * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    within = np.eye(CALIBRATION_BINS)[coarse]
    rows = counts.sum(axis=-1).astype(np.float64)
    return rows @ within, (rows * middle) @ within, counts[..., 1].astype(np.float64) @ within


def _claims(judged: Judged) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if judged.classes == 2:
        return judged.scores, judged.labels == 1
    return judged.probabilities.max(axis=1).astype(np.float64), judged.predicted == judged.labels
