"""Rows scored by no model, and reports of them."""

from __future__ import annotations

from functools import cache

import numpy as np
from corpora import make_corpus

from libs.evaluation import ScoredRows, count_confusion, measure
from libs.evaluation.curves import describe_curves
from libs.evaluation.measures import describe_classes
from libs.evaluation.report import describe_data
from libs.evaluation.slices import describe_slices
from libs.values.report import BehaviourReport, BrokenCase, Figure, LearningCurve, PeerReport, Report, RowCounts
from sentiment.model.labels import THREE_CLASSES, TWO_CLASSES

FIGURE = Figure(value=0.5, low=0.4, high=0.6)
NASTY = "<script>alert(1)</script> $x_1$"


def make_scored_rows(rows: int, classes: int, seed: int = 1, sharpness: float = 2.0) -> ScoredRows:
    """Return rows whose labels are drawn from the very probabilities that are predicted for them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, classes)) * sharpness
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (probabilities.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)
    return ScoredRows(labels.astype(np.int8), probabilities.astype(np.float32))


@cache
def make_report(classes: int) -> Report:
    """Return a report of made-up predictions, whose names from the data set are hostile and which failed a check."""
    rows = make_scored_rows(500, classes)
    names = THREE_CLASSES if classes == 3 else TWO_CLASSES
    data = describe_data(make_corpus(900, classes)).model_copy(update={"name": NASTY, "topics": {"<b>": 3}})
    broken = BrokenCase(higher=NASTY, lower="b", within=None)
    return Report(
        classes=names,
        rows=RowCounts(training=1, held_out=500),
        metrics=measure(rows, 1),
        confusion=tuple(map(tuple, count_confusion(rows).tolist())),
        by_class=describe_classes(rows, names, 1),
        curves=describe_curves(rows, 1),
        slices=describe_slices(rows, ["x"] * 500, [NASTY] * 500, 1),
        histories={
            "first": LearningCurve(
                loss=(1, 0.5),
                validation_loss=(1, 0.6),
                validation_accuracy=(0.5, 0.7),
                validation_rows=400,
                validation_intervals=((0.45, 0.55), (0.65, 0.75)),
            )
        },
        data=(data, data),
        peer=PeerReport(
            name="peer", rows=1, seconds=0.1, measure="accuracy", accuracy=FIGURE, macro_recall=FIGURE, ahead=FIGURE
        ),
        must_hold=(
            BehaviourReport(kind="negation", asks="“not” lowers", cases=9, held=1, holds=False, broken=(broken,)),
        ),
        warnings=("few rows",),
    )
