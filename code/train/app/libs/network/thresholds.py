"""The NEUTRAL band of a two-class release: the two scores between which a text is NEUTRAL, fitted on labelled rows."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sentiment.model.labels import Thresholds

_GRID: Final = np.round(np.arange(0.02, 0.99, 0.02), 2)
LEAST_NEUTRALS: Final = 50


def fit_thresholds(scores: NDArray[np.float64], labels: NDArray[np.int8]) -> Thresholds | None:
    """Return the band with the best macro recall on rows labelled 0, 1 (neutral) and 2; None with fewer than 50 neutrals.

    Searched over all pairs of two decimals: the score of a rule is a sum over three cumulative counts.
    """
    if (labels == 1).sum() < LEAST_NEUTRALS or not {0, 2} <= set(np.unique(labels).tolist()):
        return None
    below = {label: np.searchsorted(np.sort(scores[labels == label]), _GRID, side="right") for label in range(3)}
    totals = [max(int((labels == label).sum()), 1) for label in range(3)]
    low, high = np.meshgrid(np.arange(len(_GRID)), np.arange(len(_GRID)), indexing="ij")
    recalls = below[0][low] / totals[0] + (below[1][high] - below[1][low]) / totals[1] + 1 - below[2][high] / totals[2]
    recalls[low >= high] = -1
    best = np.unravel_index(recalls.argmax(), recalls.shape)
    return Thresholds(float(_GRID[best[0]]), float(_GRID[best[1]]))
