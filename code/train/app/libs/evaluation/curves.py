"""Points of the curves that the report draws, each with its bootstrap 95 % interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from libs.evaluation.bootstrap import INTERVAL, RESAMPLES, with_interval
from libs.evaluation.calibration import SCORE_BINS, calibration_curve, count_calibration
from libs.evaluation.measures import accuracy, average_precision, roc_auc
from libs.evaluation.scored_rows import ScoredRows
from libs.network import History
from libs.values.report import Curve, Curves, LearningCurve, Point
from sentiment.model.labels import THREE_CLASSES, TWO_CLASSES

_GRID: Final = np.linspace(0, 1, 101)
_BAND_DRAWS: Final = 200  # a band is only drawn: more draws would not move its line visibly


def describe_curves(rows: ScoredRows, seed: int) -> Curves:
    """Return ROC, precision-recall and calibration curves.

    The first two have a curve per class against the rest; of two classes POSITIVE alone, the other being its mirror.
    """
    rng = np.random.default_rng(seed)
    calibration = _describe_calibration(rows, rng)
    roc: list[Curve] = []
    precision_recall: list[Curve] = []
    names = TWO_CLASSES if rows.classes == len(TWO_CLASSES) else THREE_CLASSES
    for place in range(rows.classes) if rows.classes > len(TWO_CLASSES) else (1,):
        counts = _count_probabilities(rows, place)
        for curves, rule, area in (
            (roc, _follow_roc, roc_auc),
            (precision_recall, _follow_precision, average_precision),
        ):
            found = with_interval(counts, area, rng)
            curves.append(Curve(class_name=names[place], area=found, points=_draw_band(counts, rule, rng)))
    return Curves(roc=tuple(roc), precision_recall=tuple(precision_recall), calibration=calibration)


def describe_learning(history: History, seed: int) -> LearningCurve:
    """Return a stage's learning curve, with the 95 % interval of each epoch's validation accuracy."""
    rng, rows = np.random.default_rng(seed), history.validation_rows
    intervals = []
    for share in history.validation_accuracy:
        hits = round(share * rows)
        found = with_interval(np.array([[hits, rows - hits], [0, 0]]), accuracy, rng)
        intervals.append((found.low, found.high))
    return LearningCurve(**history._asdict(), validation_intervals=tuple(intervals))


def _count_probabilities(rows: ScoredRows, place: int) -> NDArray[np.int64]:
    """Return counts [2, SCORE_BINS] of a class' predicted probability, for rows of other classes and for its own."""
    bins = np.minimum((rows.probabilities[:, place] * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    own = rows.labels == place
    return np.stack([np.bincount(bins[side], minlength=SCORE_BINS) for side in (~own, own)])


def _follow_roc(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the true positive rate at each false positive rate of ``_GRID``."""
    false, found = (np.concatenate([[0.0], np.cumsum(side[::-1]) / max(side.sum(), 1)]) for side in counts)
    return np.asarray(np.interp(_GRID, false, found))


def _follow_precision(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the precision at each recall of ``_GRID``."""
    false, found = (np.cumsum(side[::-1]) for side in counts)
    filled = (false + found) > 0
    recall, precision = found[filled] / max(found[-1], 1), found[filled] / (false + found)[filled]
    return np.interp(_GRID, recall, precision) if len(recall) else np.zeros_like(_GRID)


def _draw_band(
    counts: NDArray[Any], rule: Callable[[NDArray[Any]], NDArray[np.float64]], rng: np.random.Generator
) -> tuple[Point, ...]:
    total = int(counts.sum())
    if not total:
        return ()
    draws = rng.multinomial(total, counts.reshape(-1) / total, size=_BAND_DRAWS)
    low, high = np.percentile([rule(draw.reshape(counts.shape)) for draw in draws], INTERVAL, axis=0)
    return _as_points(_GRID, rule(counts), low, high)


def _describe_calibration(rows: ScoredRows, rng: np.random.Generator) -> tuple[Point, ...]:
    predicted, observed, counts = calibration_curve(count_calibration(rows))
    drawn = rng.binomial(counts, np.clip(observed, 0, 1), size=(RESAMPLES, len(counts))) / counts
    low, high = np.percentile(drawn, INTERVAL, axis=0)
    return _as_points(predicted, observed, counts / max(counts.sum(), 1), low, high)


def _as_points(*columns: NDArray[np.float64]) -> tuple[Point, ...]:
    return tuple(tuple(round(float(value), 5) for value in point) for point in zip(*columns, strict=True))
