"""Measures agree with scikit-learn, and their intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from libs.evidence.curves import describe_curves
from libs.evidence.measures import Judged, count_confusion, measure


def make_judged(rows: int, classes: int, seed: int = 1, sharpness: float = 2.0) -> Judged:
    """Return rows whose labels are drawn from the very probabilities that are claimed."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, classes)) * sharpness
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (chances.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)
    return Judged(labels.astype(np.int8), chances.astype(np.float32))


@pytest.mark.parametrize("classes", [2, 3])
def test_figures_are_scikit_learns(classes: int) -> None:
    judged = make_judged(5000, classes)
    found = {name: figure["value"] for name, figure in measure(judged, 1).items()}
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(judged.labels, judged.predicted), abs=1e-5)
    assert found["macro_recall"] == pytest.approx(
        metrics.balanced_accuracy_score(judged.labels, judged.predicted), abs=1e-5
    )
    assert found["macro_f1"] == pytest.approx(
        metrics.f1_score(judged.labels, judged.predicted, average="macro"), abs=1e-5
    )
    assert found["log_loss"] == pytest.approx(metrics.log_loss(judged.labels, judged.probabilities), abs=1e-4)
    polar = judged.labels != 1 if classes == 3 else judged.labels >= 0
    area = metrics.roc_auc_score(judged.labels[polar] > 0, judged.scores[polar])
    assert found["roc_auc"] == pytest.approx(area, abs=2e-3), "scores are counted in a thousand bins"
    assert np.array_equal(count_confusion(judged), metrics.confusion_matrix(judged.labels, judged.predicted))


@pytest.mark.parametrize("classes", [2, 3])
def test_honest_claims_have_a_small_calibration_error_and_boasting_a_large_one(classes: int) -> None:
    honest = make_judged(50_000, classes)
    boasting = Judged(
        honest.labels, np.eye(classes, dtype=np.float32)[honest.probabilities.argmax(axis=1)] * 0.98 + 0.02 / classes
    )
    assert measure(honest, 1)["ece"]["value"] < 0.01
    assert measure(boasting, 1)["ece"]["value"] > 0.1


def test_intervals_hold_the_truth_about_nineteen_times_in_twenty() -> None:
    truth = measure(make_judged(200_000, 2, seed=99), 1)["accuracy"]["value"]
    held = 0
    for seed in range(60):
        figure = measure(make_judged(400, 2, seed=seed), seed)["accuracy"]
        assert figure["low"] <= figure["value"] <= figure["high"]
        held += figure["low"] <= truth <= figure["high"]
    assert held >= 51


def test_the_same_seed_gives_the_same_intervals() -> None:
    judged = make_judged(1000, 3)
    assert measure(judged, 7) == measure(judged, 7)


@given(st.integers(2, 3), st.integers(0, 1000), st.integers(3, 60))
def test_curves_stay_within_the_unit_square_and_rise(classes: int, seed: int, rows: int) -> None:
    curves = describe_curves(make_judged(rows, classes, seed))
    for name in ("roc", "precision_recall", "calibration"):
        points = np.array(curves[name])
        assert points.size == 0 or (points.min() >= 0 and points.max() <= 1)
    roc = np.array(curves["roc"])
    assert (np.diff(roc, axis=0) >= -1e-9).all()
