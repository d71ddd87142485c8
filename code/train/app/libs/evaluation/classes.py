"""The same rows class by class: how many are found, how many of those called so are, and what the others were taken for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.evaluation.bootstrap import with_interval
from libs.evaluation.measures import Judged, count_confusion


def describe_classes(judged: Judged, names: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """Return, per class, its rows, precision, recall and F1, and the shares ``taken_for`` each class, with intervals."""
    rng = np.random.default_rng(seed)
    confusion = count_confusion(judged)
    rules = {"precision": _precision, "recall": _recall, "f1": _f1}
    return [
        {"class": name, "rows": int(confusion[place].sum())}
        | {figure: with_interval(confusion, partial(rule, place=place), rng) for figure, rule in rules.items()}
        | {
            "taken_for": {
                other: with_interval(confusion, partial(_taken_for, place=place, column=column), rng)
                for column, other in enumerate(names)
            }
        }
        for place, name in enumerate(names)
    ]


def _precision(confusion: NDArray[Any], place: int) -> NDArray[np.float64]:
    return np.asarray(confusion[..., place, place] / np.maximum(confusion[..., :, place].sum(axis=-1), 1))


def _recall(confusion: NDArray[Any], place: int) -> NDArray[np.float64]:
    return _taken_for(confusion, place, place)


def _taken_for(confusion: NDArray[Any], place: int, column: int) -> NDArray[np.float64]:
    return np.asarray(confusion[..., place, column] / np.maximum(confusion[..., place, :].sum(axis=-1), 1))


def _f1(confusion: NDArray[Any], place: int) -> NDArray[np.float64]:
    claimed, own = confusion[..., :, place].sum(axis=-1), confusion[..., place, :].sum(axis=-1)
    return np.asarray(2 * confusion[..., place, place] / np.maximum(claimed + own, 1))
