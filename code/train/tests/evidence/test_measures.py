"""Measures agree with scikit-learn, and their intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from libs.evaluation.classes import describe_classes
from libs.evaluation.curves import describe_curves, describe_learning
from libs.evaluation.measures import Judged, count_confusion, measure
from libs.network.deep_path import History
from sentiment.model.labels import THREE_CLASSES


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


def test_a_calibration_errors_interval_holds_its_value_on_few_rows_too() -> None:
    for seed in range(20):
        found = measure(make_judged(60, 3, seed), 1)["ece"]
        assert 0 <= found["low"] <= found["value"] <= found["high"]


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


@settings(deadline=None, max_examples=30)  # a hundred milliseconds each: the bands are drawn again and again
@given(st.integers(2, 3), st.integers(0, 1000), st.integers(3, 60))
def test_curves_stay_within_the_unit_square_and_rise(classes: int, seed: int, rows: int) -> None:
    curves = describe_curves(make_judged(rows, classes, seed), seed)
    for curve in (*curves["roc"], *curves["precision_recall"]):
        points = np.array(curve["points"])
        assert points.min() >= 0
        assert points.max() <= 1
    assert np.array(curves["calibration"]).max() <= 1
    for curve in curves["roc"]:
        assert (np.diff(np.array(curve["points"])[:, 1]) >= -1e-9).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_areas_are_scikit_learns_and_lie_within_their_bands(classes: int) -> None:
    judged = make_judged(5000, classes)
    curves = describe_curves(judged, 1)
    assert [curve["class"] for curve in curves["roc"]] == (["POSITIVE"] if classes == 2 else list(THREE_CLASSES))
    for name, area in (("roc", metrics.roc_auc_score), ("precision_recall", metrics.average_precision_score)):
        for place, curve in zip(range(classes) if classes == 3 else [1], curves[name], strict=True):
            expected = area(judged.labels == place, judged.probabilities[:, place])
            assert curve["area"]["value"] == pytest.approx(expected, abs=5e-3), "claims are counted in a thousand bins"
            x, y, low, high = np.array(curve["points"]).T
            assert (low <= high).all()
            inside = ((low - 1e-3 <= y) & (y <= high + 1e-3))[(x > 0.02) & (x < 0.98)]
            assert inside.mean() > 0.95
            assert np.trapezoid(y, x) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("classes", [2, 3])
def test_class_figures_are_scikit_learns(classes: int) -> None:
    judged = make_judged(3000, classes)
    names = [str(place) for place in range(classes)]
    rows = describe_classes(judged, names, 1)
    expected = metrics.precision_recall_fscore_support(judged.labels, judged.predicted)
    shares = metrics.confusion_matrix(judged.labels, judged.predicted, normalize="true")
    for place, row in enumerate(rows):
        found = [row[name]["value"] for name in ("precision", "recall", "f1")]
        assert found == pytest.approx([column[place] for column in expected[:3]], abs=1e-5)
        assert row["rows"] == expected[3][place]
        assert [one["value"] for one in row["taken_for"].values()] == pytest.approx(shares[place], abs=1e-5)
        assert all(one["low"] <= one["value"] <= one["high"] for one in row["taken_for"].values())


def test_a_calibration_points_interval_holds_an_honest_claim() -> None:
    points = np.array(describe_curves(make_judged(20_000, 2), 1)["calibration"])
    claimed, _, _, low, high = points.T
    assert ((low <= claimed) & (claimed <= high)).mean() > 0.7


@pytest.mark.parametrize("classes", [2, 3])
def test_the_bias_of_a_mean_score_is_what_a_brands_average_would_be_off_by(classes: int) -> None:
    honest = make_judged(20_000, classes)
    found = measure(honest, 1)["score_bias"]
    assert found["low"] <= 0 <= found["high"]
    lifted = Judged(honest.labels, np.roll(np.eye(classes, dtype=np.float32)[honest.labels], 1, axis=1))
    truth = (lifted.scores - honest.labels / (classes - 1)).mean()
    assert measure(lifted, 1)["score_bias"]["value"] == pytest.approx(truth, abs=1e-5)


def test_an_epochs_accuracy_has_the_interval_that_its_rows_allow() -> None:
    """Half of 400 rows and four fifths, within 1.96 standard errors of a share: sqrt(p (1 - p) / rows)."""
    history = History([0.7, 0.5], [0.7, 0.6], [0.5, 0.8], 400)
    found = describe_learning(history, 1)
    assert found["watched_accuracy"] == [0.5, 0.8]
    for share, (low, high) in zip(found["watched_accuracy"], found["watched_intervals"], strict=True):
        error = 1.96 * (share * (1 - share) / 400) ** 0.5
        assert (low, high) == pytest.approx((share - error, share + error), abs=0.01)
