"""Labelled rows with the probabilities that a model predicts for them: what every measure is computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ScoredRows:
    """Rows of a corpus with their true labels and a model's predictions.

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

    def take(self, rows: NDArray[np.bool_]) -> ScoredRows:
        """Return some of the rows."""
        return ScoredRows(self.labels[rows], self.probabilities[rows])


def count_confusion(rows: ScoredRows) -> NDArray[np.int64]:
    """Return the confusion matrix [classes, classes]: counts by label, then by predicted class."""
    cells = rows.labels.astype(np.int64) * rows.classes + rows.predicted
    return np.bincount(cells, minlength=rows.classes**2).reshape(rows.classes, rows.classes)
