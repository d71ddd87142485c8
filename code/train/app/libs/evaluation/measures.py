"""Measures of a classifier on labelled rows, overall and class by class, each with a bootstrap 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libs.evaluation.bootstrap import mean_with_interval, with_interval
from libs.evaluation.calibration import SCORE_BINS, measure_calibration
from libs.evaluation.scored_rows import ScoredRows, count_confusion
from libs.values.report import ClassReport, Figure


def measure(rows: ScoredRows, seed: int) -> dict[str, Figure]:
    """Return every measure by its name: accuracy, macro recall and F1, calibration error, ROC area, log loss, bias.

    ``score_bias`` is what the mean of a brand's scores is off by, with NEGATIVE as 0, NEUTRAL as a half, POSITIVE as 1.
    """
    rng = np.random.default_rng(seed)
    confusion = count_confusion(rows)
    found = {
        name: with_interval(confusion, rule, rng)
        for name, rule in (("accuracy", accuracy), ("macro_recall", macro_recall), ("macro_f1", macro_f1))
    }
    found["ece"] = measure_calibration(rows, rng)
    found["roc_auc"] = with_interval(count_scores(rows), roc_auc, rng)
    if rows.classes == 3:
        found["polar_accuracy"] = with_interval(_count_polar(rows), accuracy, rng)
    label_probabilities = rows.probabilities[np.arange(len(rows.labels)), rows.labels]
    found["log_loss"] = mean_with_interval(-np.log(np.clip(label_probabilities, 1e-7, 1)), rng)
    found["score_bias"] = mean_with_interval(rows.scores - rows.labels / (rows.classes - 1), rng)
    return found


def describe_classes(rows: ScoredRows, names: Sequence[str], seed: int) -> tuple[ClassReport, ...]:
    """Return the figures of each class on its own; ``names`` of the classes in their order."""
    rng = np.random.default_rng(seed)
    confusion = count_confusion(rows)
    found = []
    for place, name in enumerate(names):
        figures = {
            rule: with_interval(confusion, partial(_CLASS_RULES[rule], place=place), rng) for rule in _CLASS_RULES
        }
        predicted_as = {
            other: with_interval(confusion, partial(_share_predicted_as, place=place, column=column), rng)
            for column, other in enumerate(names)
        }
        count = int(confusion[place].sum())
        found.append(ClassReport(class_name=name, rows=count, **figures, predicted_as=predicted_as))
    return tuple(found)


def accuracy(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """Share of rows whose predicted class is their label."""
    hits = np.trace(confusion, axis1=-2, axis2=-1)
    return np.asarray(hits / np.maximum(confusion.sum(axis=(-2, -1)), 1))


def macro_recall(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """Mean recall over the classes (the measure of SemEval-2017 task 4 A)."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return np.asarray(np.mean(hits / np.maximum(confusion.sum(axis=-1), 1), axis=-1))


def macro_f1(confusion: NDArray[Any]) -> NDArray[np.float64]:
    """Mean over the classes of the harmonic mean of precision and recall."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return np.asarray(np.mean(2 * hits / np.maximum(confusion.sum(axis=-2) + confusion.sum(axis=-1), 1), axis=-1))


def count_scores(rows: ScoredRows) -> NDArray[np.int64]:
    """Return counts [2, SCORE_BINS] of the scores of the negative and of the positive rows; neutral ones are left out."""
    bins = np.minimum((rows.scores * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    sides = (rows.labels == 0, rows.labels == rows.classes - 1)
    return np.stack([np.bincount(bins[side], minlength=SCORE_BINS) for side in sides])


def roc_auc(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Area under the ROC curve: the probability that a positive row scores above a negative one; ties in a bin count half."""
    negative, positive = counts[..., 0, :], counts[..., 1, :]
    below = np.cumsum(negative, axis=-1) - negative / 2
    pairs = negative.sum(axis=-1) * positive.sum(axis=-1)
    return np.asarray((positive * below).sum(axis=-1) / np.maximum(pairs, 1))


def average_precision(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Area under the precision-recall curve: mean precision at each row of the class, from the highest probability down."""
    others, own = counts[..., 0, ::-1], counts[..., 1, ::-1]
    found = np.cumsum(own, axis=-1)
    precision = found / np.maximum(found + np.cumsum(others, axis=-1), 1)
    return np.asarray((own * precision).sum(axis=-1) / np.maximum(own.sum(axis=-1), 1))


def _count_polar(rows: ScoredRows) -> NDArray[np.int64]:
    polar = rows.take(rows.labels != 1)
    positive = polar.probabilities[:, 2] >= polar.probabilities[:, 0]
    return np.bincount((polar.labels // 2) * 2 + positive, minlength=4).reshape(2, 2)


def _precision(confusion: NDArray[Any], place: int) -> NDArray[np.float64]:
    return np.asarray(confusion[..., place, place] / np.maximum(confusion[..., :, place].sum(axis=-1), 1))


def _recall(confusion: NDArray[Any], place: int) -> NDArray[np.float64]:
    return _share_predicted_as(confusion, place, place)


def _share_predicted_as(confusion: NDArray[Any], place: int, column: int) -> NDArray[np.float64]:
    return np.asarray(confusion[..., place, column] / np.maximum(confusion[..., place, :].sum(axis=-1), 1))


def _f1(confusion: NDArray[Any], place: int) -> NDArray[np.float64]:
    predicted, own = confusion[..., :, place].sum(axis=-1), confusion[..., place, :].sum(axis=-1)
    return np.asarray(2 * confusion[..., place, place] / np.maximum(predicted + own, 1))


_CLASS_RULES = {"precision": _precision, "recall": _recall, "f1": _f1}
