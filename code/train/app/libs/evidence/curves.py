"""Points of the curves that the report draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from libs.evidence.measures import calibration_curve, count_calibration, count_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from libs.evidence.measures import Judged


def describe_curves(judged: Judged) -> dict[str, Any]:
    """Return ROC, precision-recall and calibration points, each a list of [x, y]; neutral rows are in the last alone."""
    negative, positive = count_scores(judged).astype(np.float64)
    # From the highest score down: what would be called positive at each threshold.
    found, false = np.cumsum(positive[::-1]), np.cumsum(negative[::-1])
    recall = found / max(found[-1], 1)
    precision = found / np.maximum(found + false, 1)
    _, claimed, true, weights = calibration_curve(count_calibration(judged))
    filled = (found + false) > 0
    return {
        "roc": _points(false / max(false[-1], 1), recall),
        "precision_recall": _points(recall[filled], precision[filled]),
        "calibration": [
            [round(float(value), 5) for value in point] for point in zip(claimed, true, weights, strict=True)
        ],
    }


def _points(x: NDArray[np.float64], y: NDArray[np.float64], most: int = 200) -> list[list[float]]:
    places = np.unique(np.linspace(0, len(x) - 1, min(most, len(x))).astype(int))
    return [[round(float(x[place]), 5), round(float(y[place]), 5)] for place in places]
