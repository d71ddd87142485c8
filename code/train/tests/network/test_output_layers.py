"""The output layers: classes weigh the same, probabilities are calibrated, what emoticons taught is kept."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from libs.evaluation import ScoredRows
from libs.evaluation.calibration import count_calibration, expected_calibration_error
from libs.network.network import PathOutputs
from libs.network.output_layers import Layer, PolarRows, fit_output_layers

SHARES = (0.15, 0.45, 0.40)


def draw(
    rows: int, seed: int, shares: tuple[float, float, float] = SHARES
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Two paths of three logits each that overlap a good deal, and are twice as bold as they should be."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, rows, p=shares).astype(np.int8)
    logits = np.concatenate([np.eye(3)[labels], np.eye(3)[labels]], axis=1) * 1.2 + rng.normal(0, 1.0, (rows, 6))
    return (logits * 4).astype(np.float32), labels


def fit_alone(
    logits: NDArray[np.float32], labels: NDArray[np.int8], classes: int, polar: PolarRows | None = None
) -> Layer:
    """One layer, for texts of one kind."""
    (layer,) = fit_output_layers(PathOutputs(logits), labels, classes, polar)
    return layer


def answer(
    weights: tuple[NDArray[np.float32], NDArray[np.float32]], logits: NDArray[np.float32]
) -> NDArray[np.float32]:
    raised = np.exp(logits @ weights[0] + weights[1])
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


def test_a_rare_class_of_three_is_found_as_often_as_the_others() -> None:
    weights = fit_alone(*draw(4000, 1), 3)
    logits, labels = draw(8000, 2)
    recalls = [(answer(weights, logits).argmax(axis=1)[labels == label] == label).mean() for label in range(3)]
    assert max(recalls) - min(recalls) < 0.05
    assert min(recalls) > 0.7


def test_the_likeliest_of_three_classes_is_as_sure_as_it_is_right() -> None:
    weights = fit_alone(*draw(4000, 1), 3)
    logits, labels = draw(20_000, 2)
    assert expected_calibration_error(count_calibration(ScoredRows(labels, answer(weights, logits)))) < 0.02


def test_two_classes_are_calibrated_on_one_output() -> None:
    logits, labels = draw(4000, 1, (0.5, 0.0, 0.5))
    kernel, bias = fit_alone(logits, (labels // 2).astype(np.int8), 2)
    assert kernel.shape == (6, 1)
    assert bias.shape == (1,)
    assert kernel[2, 0] > 0 > kernel[0, 0]
    claimed = 1 / (1 + np.exp(-(logits @ kernel + bias)[:, 0]))
    assert abs(claimed.mean() - (labels == 2).mean()) < 0.01


def test_rows_with_two_ends_keep_a_path_that_only_they_need() -> None:
    """People's rows say nothing through the last column; the ends are told apart by nothing else."""
    logits, labels = draw(3000, 1)
    rng = np.random.default_rng(3)
    silent = np.column_stack([logits, np.zeros(len(logits))]).astype(np.float32)
    ends = rng.choice([0, 2], 3000).astype(np.int8)
    noise = rng.normal(0, 1, (3000, 6))
    seen = np.column_stack([noise, (ends - 1.0) * 2 + rng.normal(0, 1, 3000)]).astype(np.float32)
    kernel, bias = fit_alone(silent, labels, 3, PolarRows(PathOutputs(seen), ends))
    pulled = seen @ kernel + bias
    assert ((pulled[:, 2] > pulled[:, 0]) == (ends == 2)).mean() > 0.85
    alone = seen @ fit_alone(silent, labels, 3)[0]
    assert ((alone[:, 2] > alone[:, 0]) == (ends == 2)).mean() < 0.6


def test_neutral_rows_among_the_ends_change_nothing() -> None:
    logits, labels = draw(2000, 1)
    ends = draw(1000, 4)
    told = ends[1] != 1
    with_neutral = fit_alone(logits, labels, 3, PolarRows(PathOutputs(ends[0]), ends[1]))
    without = fit_alone(logits, labels, 3, PolarRows(PathOutputs(ends[0][told]), ends[1][told]))
    assert not told.all()
    np.testing.assert_allclose(with_neutral[0], without[0], atol=1e-6)


def test_a_missing_class_is_refused() -> None:
    logits, labels = draw(500, 1)
    with pytest.raises(ValueError, match="a class is missing"):
        fit_alone(logits, np.minimum(labels, 1).astype(np.int8), 3)


@pytest.mark.parametrize("classes", [2, 3])
def test_texts_of_two_kinds_are_each_weighed_in_their_own_way(classes: int) -> None:
    """A path that tells the truth to one kind and the opposite to the other: one layer could not serve both."""
    rng = np.random.default_rng(5)
    labels = rng.choice(classes, 3000).astype(np.int8)
    ends = rng.choice([0, classes - 1], 3000).astype(np.int8)
    truth = np.eye(classes)
    told = (truth[labels] * 4 + rng.normal(0, 1, (3000, classes))).astype(np.float32)
    turned = (-truth[ends] * 4 + rng.normal(0, 1, (3000, classes))).astype(np.float32)
    near, far = np.full(3000, 0.97, np.float32), np.full(3000, 0.03, np.float32)
    layers = fit_output_layers(PathOutputs(told, near), labels, classes, PolarRows(PathOutputs(turned, far), ends))
    assert len(layers) == 2
    own, distant = (paths @ kernel + bias for paths, (kernel, bias) in zip((told, turned), layers, strict=True))
    if classes == 2:
        assert ((own[:, 0] > 0) == (labels == 1)).mean() > 0.95
        assert ((distant[:, 0] > 0) == (ends == 1)).mean() > 0.95
    else:
        assert (own.argmax(axis=1) == labels).mean() > 0.95
        assert ((distant[:, 2] > distant[:, 0]) == (ends == 2)).mean() > 0.95
