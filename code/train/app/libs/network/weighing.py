"""The last layer: how much each path is worth, and how sure the network may be.

Fitted on rows that no path has learnt from, so it also calibrates (Platt 1999).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libs.network.network import Paths

_Rows = tuple[NDArray[np.float64], NDArray[np.int8]]

_PENALTY: Final = 1e-3  # only keeps a handful of rows from claiming certainty
# Of the loss on people's rows: 2.0 wins 0.001 of the ends and costs 0.004 of macro recall.
_ENDS_SHARE: Final = 0.5

Layer = tuple["NDArray[np.float32]", "NDArray[np.float32]"]
"""Kernel [logits, outputs] and bias [outputs], as Keras' Dense has them; outputs is 1 (log-odds) for two classes."""


class Ends(NamedTuple):
    """Rows with emoticon labels, set aside: they tell the two ends of three classes apart, or the two of two.

    ``labels`` [rows]: of the answered classes; NEUTRAL, where a first corpus has it, is passed over.
    """

    paths: Paths
    labels: NDArray[np.int8]


def fit_weighing(paths: Paths, labels: NDArray[np.int8], classes: int, ends: Ends | None = None) -> list[Layer]:
    """Return the weighing layers by which the paths' logits become the network's: one, or two where texts are of two kinds.

    Of two, the first answers for texts of the labelled corpus' kind, the second for the distant's, and each text is
    answered by both as far as it is of that kind (``paths.near``). ``ends`` hold the answers to what emoticons taught:
    on Sentiment140 and SemEval one layer reached 0.703 macro recall with 0.819 of the ends told apart, two reach 0.717
    with 0.837, of 0.843 that a network reaches which knows emoticons alone.
    Raises ``ValueError`` when a class is missing among ``labels``.
    """
    if len(np.unique(labels)) != classes:
        raise ValueError("a class is missing among the rows to weigh by")
    if ends is not None and classes > 2:
        told = ends.labels != 1
        ends = Ends(ends.paths.take(told), ends.labels[told])
    fit = _fit_two if classes == 2 else _fit_three
    weights = fit(_as_columns(paths), labels, None if ends is None else (_as_columns(ends.paths), ends.labels))
    halves = np.split(weights, 1 if paths.near is None else 2)
    return [(half[:-1].astype(np.float32), half[-1].astype(np.float32)) for half in halves]


def _as_columns(paths: Paths) -> NDArray[np.float64]:
    """Return the logits and a 1 for the bias; of two kinds, the same twice, each as far as the text is of that kind."""
    one = np.column_stack([paths.logits, np.ones(len(paths.logits))]).astype(np.float64)
    if paths.near is None:
        return one
    near = paths.near[:, None].astype(np.float64)
    return np.concatenate([one * near, one * (1 - near)], axis=1)


def _fit_two(rows: NDArray[np.float64], labels: NDArray[np.int8], ends: _Rows | None) -> NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression

    shares = np.ones(len(rows))
    if ends is not None:
        shares = np.concatenate([shares, np.full(len(ends[1]), _ENDS_SHARE * len(rows) / len(ends[1]))])
        rows, labels = np.concatenate([rows, ends[0]]), np.concatenate([labels, ends[1]])
    # The columns of ones are the biases.
    model: Any = LogisticRegression(C=10.0, max_iter=500, fit_intercept=False).fit(rows, labels, shares)
    found: NDArray[np.float64] = model.coef_.T
    return found


def _fit_three(rows: NDArray[np.float64], labels: NDArray[np.int8], ends: _Rows | None) -> NDArray[np.float64]:
    """Multinomial logistic regression, every class weighing the same, made as sure as it is right.

    A brand's few angry posts are what it wants found: equal weights bring 4 to 5 points of macro recall on SemEval. They
    are paid for with scores that are those of a balanced stream. One factor of all logits (temperature, Guo et al.
    2017), which changes no label, then makes the likeliest class as sure as it is right.
    """
    from scipy.optimize import minimize

    shape = (rows.shape[1], 3)

    def lose(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape)
        loss, slope = _lose_balanced(rows, labels, weights)
        if ends is not None:
            more, steeper = _lose_ends(*ends, weights)
            loss, slope = loss + _ENDS_SHARE * more, slope + _ENDS_SHARE * steeper
        return loss + _PENALTY / 2 * float((weights**2).sum()), (slope + _PENALTY * weights).ravel()

    found = minimize(lose, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    weights: NDArray[np.float64] = found.reshape(shape)
    return weights * _find_sharpness(rows @ weights, labels)


def _lose_balanced(
    rows: NDArray[np.float64], labels: NDArray[np.int8], weights: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Return the mean cross-entropy with every class weighing the same, and its slope."""
    share = (1 / (3 * np.bincount(labels, minlength=3)))[labels]
    chances = _softmax(rows @ weights)
    loss = -float(share @ np.log(np.maximum(chances[np.arange(len(labels)), labels], 1e-12)))
    chances[np.arange(len(labels)), labels] -= 1
    return loss, rows.T @ (chances * share[:, None])


def _lose_ends(
    rows: NDArray[np.float64], labels: NDArray[np.int8], weights: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Return the mean cross-entropy between the two ends, the middle left open, and its slope."""
    side = np.where(labels == 2, 1.0, -1.0)
    margin = side * (rows @ (weights[:, 2] - weights[:, 0]))
    pull = rows.T @ (side / (1 + np.exp(np.minimum(margin, 50.0)))) / len(rows)
    return float(np.logaddexp(0, -margin).mean()), np.stack([pull, np.zeros_like(pull), -pull], axis=1)


def _find_sharpness(logits: NDArray[np.float64], labels: NDArray[np.int8]) -> float:
    """Return the factor of the logits by which the likeliest class' chance best tells how often it is the label."""
    from scipy.optimize import minimize_scalar

    right = logits.argmax(axis=1) == labels

    def lose(factor: float) -> float:
        claim = np.clip(_softmax(logits * factor).max(axis=1), 1e-6, 1 - 1e-6)
        return -float(np.where(right, np.log(claim), np.log(1 - claim)).mean())

    return float(minimize_scalar(lose, bounds=(0.2, 3.0), method="bounded").x)


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return chances
