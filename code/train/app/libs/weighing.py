"""The last layer: how much each path is worth, and how sure the network may be.

Fitted on rows that neither path has learnt from, so it also calibrates (Platt 1999).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def fit_weighing(
    logits: NDArray[np.float32], labels: NDArray[np.int8], classes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return kernel [logits, outputs] and bias [outputs] of a logistic regression from the paths' logits to the labels.

    ``outputs`` is 1 (log-odds of POSITIVE) for two classes, else one per class. Three classes weigh the same however
    rare one is, since a brand's few angry posts are what it wants found: 5 points of macro recall on SemEval, paid for
    with probabilities that are those of a balanced stream. The penalty only keeps a handful of rows from claiming
    certainty: on a thousand it moves no third decimal.
    """
    from sklearn.linear_model import LogisticRegression

    weight = "balanced" if classes > 2 else None
    model: Any = LogisticRegression(C=10.0, max_iter=500, class_weight=weight).fit(logits, labels)
    kernel = model.coef_.T.astype(np.float32)
    if classes != (2 if kernel.shape[1] == 1 else kernel.shape[1]):
        raise ValueError("a class is missing among the rows to weigh by")
    return kernel, model.intercept_.astype(np.float32)
