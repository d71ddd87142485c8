"""Measures agree with scikit-learn, and their intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scored import make_scored_rows
from sklearn import metrics

from libs.evaluation import ScoredRows, count_confusion, measure
from libs.evaluation.curves import describe_curves, describe_learning
from libs.evaluation.measures import describe_classes
from libs.network import History
from sentiment.model.labels import THREE_CLASSES


@pytest.mark.parametrize("classes", [2, 3])
def test_figures_are_scikit_learns(classes: int) -> None:
    rows = make_scored_rows(5000, classes)
    found = {name: figure.value for name, figure in measure(rows, 1).items()}
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(rows.labels, rows.predicted), abs=1e-5)
    assert found["macro_recall"] == pytest.approx(
        metrics.balanced_accuracy_score(rows.labels, rows.predicted), abs=1e-5
    )
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(rows.labels, rows.predicted, average="macro"), abs=1e-5)
    assert found["log_loss"] == pytest.approx(metrics.log_loss(rows.labels, rows.probabilities), abs=1e-4)
    polar = rows.labels != 1 if classes == 3 else rows.labels >= 0
    area = metrics.roc_auc_score(rows.labels[polar] > 0, rows.scores[polar])
    assert found["roc_auc"] == pytest.approx(area, abs=2e-3), "scores are counted in a thousand bins"
    assert np.array_equal(count_confusion(rows), metrics.confusion_matrix(rows.labels, rows.predicted))


@pytest.mark.parametrize("classes", [2, 3])
def test_honest_claims_have_a_small_calibration_error_and_boasting_a_large_one(classes: int) -> None:
    honest = make_scored_rows(50_000, classes)
    boasting = ScoredRows(
        honest.labels, np.eye(classes, dtype=np.float32)[honest.probabilities.argmax(axis=1)] * 0.98 + 0.02 / classes
    )
    assert measure(honest, 1)["ece"].value < 0.01
    assert measure(boasting, 1)["ece"].value > 0.1


def test_a_calibration_errors_interval_holds_its_value_on_few_rows_too() -> None:
    for seed in range(20):
        found = measure(make_scored_rows(60, 3, seed), 1)["ece"]
        assert 0 <= found.low <= found.value <= found.high


def test_intervals_hold_the_truth_about_nineteen_times_in_twenty() -> None:
    truth = measure(make_scored_rows(200_000, 2, seed=99), 1)["accuracy"].value
    held = 0
    for seed in range(60):
        figure = measure(make_scored_rows(400, 2, seed=seed), seed)["accuracy"]
        assert figure.low <= figure.value <= figure.high
        held += figure.low <= truth <= figure.high
    assert held >= 51


def test_the_same_seed_gives_the_same_intervals() -> None:
    rows = make_scored_rows(1000, 3)
    assert measure(rows, 7) == measure(rows, 7)


@settings(deadline=None, max_examples=30)  # a hundred milliseconds each: the bands are drawn again and again
@given(st.integers(2, 3), st.integers(0, 1000), st.integers(3, 60))
def test_curves_stay_within_the_unit_square_and_rise(classes: int, seed: int, rows: int) -> None:
    curves = describe_curves(make_scored_rows(rows, classes, seed), seed)
    for curve in (*curves.roc, *curves.precision_recall):
        points = np.array(curve.points)
        assert points.min() >= 0
        assert points.max() <= 1
    assert np.array(curves.calibration).max() <= 1
    for curve in curves.roc:
        assert (np.diff(np.array(curve.points)[:, 1]) >= -1e-9).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_areas_are_scikit_learns_and_lie_within_their_bands(classes: int) -> None:
    rows = make_scored_rows(5000, classes)
    curves = describe_curves(rows, 1)
    assert [curve.class_name for curve in curves.roc] == (["POSITIVE"] if classes == 2 else list(THREE_CLASSES))
    for name, area in (("roc", metrics.roc_auc_score), ("precision_recall", metrics.average_precision_score)):
        for place, curve in zip(range(classes) if classes == 3 else [1], getattr(curves, name), strict=True):
            expected = area(rows.labels == place, rows.probabilities[:, place])
            assert curve.area.value == pytest.approx(expected, abs=5e-3), "claims are counted in a thousand bins"
            x, y, low, high = np.array(curve.points).T
            assert (low <= high).all()
            inside = ((low - 1e-3 <= y) & (y <= high + 1e-3))[(x > 0.02) & (x < 0.98)]
            assert inside.mean() > 0.95
            assert np.trapezoid(y, x) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("classes", [2, 3])
def test_class_figures_are_scikit_learns(classes: int) -> None:
    rows = make_scored_rows(3000, classes)
    names = [str(place) for place in range(classes)]
    described = describe_classes(rows, names, 1)
    expected = metrics.precision_recall_fscore_support(rows.labels, rows.predicted)
    shares = metrics.confusion_matrix(rows.labels, rows.predicted, normalize="true")
    for place, one in enumerate(described):
        found = [one.precision.value, one.recall.value, one.f1.value]
        assert found == pytest.approx([column[place] for column in expected[:3]], abs=1e-5)
        assert one.rows == expected[3][place]
        assert [share.value for share in one.predicted_as.values()] == pytest.approx(shares[place], abs=1e-5)
        assert all(share.low <= share.value <= share.high for share in one.predicted_as.values())


def test_a_calibration_points_interval_holds_an_honest_claim() -> None:
    points = np.array(describe_curves(make_scored_rows(20_000, 2), 1).calibration)
    claimed, _, _, low, high = points.T
    assert ((low <= claimed) & (claimed <= high)).mean() > 0.7


@pytest.mark.parametrize("classes", [2, 3])
def test_the_bias_of_a_mean_score_is_what_a_brands_average_would_be_off_by(classes: int) -> None:
    honest = make_scored_rows(20_000, classes)
    found = measure(honest, 1)["score_bias"]
    assert found.low <= 0 <= found.high
    lifted = ScoredRows(honest.labels, np.roll(np.eye(classes, dtype=np.float32)[honest.labels], 1, axis=1))
    truth = (lifted.scores - honest.labels / (classes - 1)).mean()
    assert measure(lifted, 1)["score_bias"].value == pytest.approx(truth, abs=1e-5)


def test_an_epochs_accuracy_has_the_interval_that_its_rows_allow() -> None:
    """Half of 400 rows and four fifths, within 1.96 standard errors of a share: sqrt(p (1 - p) / rows)."""
    history = History([0.7, 0.5], [0.7, 0.6], [0.5, 0.8], 400)
    found = describe_learning(history, 1)
    assert found.validation_accuracy == (0.5, 0.8)
    for share, (low, high) in zip(found.validation_accuracy, found.validation_intervals, strict=True):
        error = 1.96 * (share * (1 - share) / 400) ** 0.5
        assert (low, high) == pytest.approx((share - error, share + error), abs=0.01)
