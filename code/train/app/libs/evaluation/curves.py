"""Points of the curves that the report draws, each with its bootstrap 95 % interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from libs.evaluation.bootstrap import INTERVAL, RESAMPLES, with_interval
from libs.evaluation.calibration import SCORE_BINS, calibration_curve, count_calibration
from libs.evaluation.measures import Judged, accuracy, average_precision, roc_auc
from libs.network.deep_path import History
from sentiment.model.labels import THREE_CLASSES, TWO_CLASSES

_GRID: Final = np.linspace(0, 1, 101)
_DRAWN_CURVES: Final = 200  # a band is for the eye: more draws would not move its line


def describe_curves(judged: Judged, seed: int) -> dict[str, Any]:
    """Return ROC, precision-recall and calibration curves.

    The first two hold a curve per class against the rest (two classes: POSITIVE alone, the other being its mirror) with
    its ``area`` and ``points`` [x, y, low, high]; calibration is a list of [claimed, came true, share of rows, low, high].
    """
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {"roc": [], "precision_recall": [], "calibration": _describe_calibration(judged, rng)}
    names = TWO_CLASSES if judged.classes == len(TWO_CLASSES) else THREE_CLASSES
    for place in range(judged.classes) if judged.classes > len(TWO_CLASSES) else (1,):
        counts = _count_claims(judged, place)
        for name, rule, area in (
            ("roc", _follow_roc, roc_auc),
            ("precision_recall", _follow_precision, average_precision),
        ):
            curve = {
                "class": names[place],
                "area": with_interval(counts, area, rng),
                "points": _band(counts, rule, rng),
            }
            found[name].append(curve)
    return found


def describe_learning(history: History, seed: int) -> dict[str, Any]:
    """Return a stage's learning curves; ``watched_intervals`` holds [low, high] of each epoch's accuracy."""
    rng, rows = np.random.default_rng(seed), history.watched_rows
    intervals = []
    for share in history.watched_accuracy:
        hits = round(share * rows)
        found = with_interval(np.array([[hits, rows - hits], [0, 0]]), accuracy, rng)
        intervals.append([found["low"], found["high"]])
    return history._asdict() | {"watched_intervals": intervals}


def _count_claims(judged: Judged, place: int) -> NDArray[np.int64]:
    """Return counts [2, SCORE_BINS] of what the class' probability is for rows of other classes and for its own."""
    bins = np.minimum((judged.probabilities[:, place] * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    own = judged.labels == place
    return np.stack([np.bincount(bins[side], minlength=SCORE_BINS) for side in (~own, own)])


def _follow_roc(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the share of own rows found, where a share of ``_GRID`` of the other rows is taken for them."""
    false, found = (np.concatenate([[0.0], np.cumsum(side[::-1]) / max(side.sum(), 1)]) for side in counts)
    return np.asarray(np.interp(_GRID, false, found))


def _follow_precision(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the precision where a share of ``_GRID`` of the own rows is found."""
    false, found = (np.cumsum(side[::-1]) for side in counts)
    filled = (false + found) > 0
    recall, precision = found[filled] / max(found[-1], 1), found[filled] / (false + found)[filled]
    return np.interp(_GRID, recall, precision) if len(recall) else np.zeros_like(_GRID)


def _band(
    counts: NDArray[Any], rule: Callable[[NDArray[Any]], NDArray[np.float64]], rng: np.random.Generator
) -> list[list[float]]:
    total = int(counts.sum())
    if not total:
        return []
    draws = rng.multinomial(total, counts.reshape(-1) / total, size=_DRAWN_CURVES)
    low, high = np.percentile([rule(draw.reshape(counts.shape)) for draw in draws], INTERVAL, axis=0)
    return _round(_GRID, rule(counts), low, high)


def _describe_calibration(judged: Judged, rng: np.random.Generator) -> list[list[float]]:
    claimed, true, rows = calibration_curve(count_calibration(judged))
    drawn = rng.binomial(rows, np.clip(true, 0, 1), size=(RESAMPLES, len(rows))) / rows
    low, high = np.percentile(drawn, INTERVAL, axis=0)
    return _round(claimed, true, rows / max(rows.sum(), 1), low, high)


def _round(*columns: NDArray[np.float64]) -> list[list[float]]:
    return [[round(float(value), 5) for value in point] for point in zip(*columns, strict=True)]
