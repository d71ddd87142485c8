"""The table of features: frequent ones own a slot, rare ones none."""

from __future__ import annotations

import numpy as np

from libs.network.linear_path import EMPTY, admit_features, count_features, fit_linear_path
from libs.values.recipe import Recipe
from libs.vectors import Ragged


def ragged(rows: list[list[int]]) -> Ragged:
    lengths = [len(row) for row in rows]
    return Ragged(np.array([value for row in rows for value in row], dtype=np.int32), np.cumsum([0, *lengths]))


def test_of_the_features_that_share_a_slot_the_most_frequent_owns_it() -> None:
    slots = 2**4
    often, rare, single = 3, 3 + slots, 5
    features = ragged([[often, rare]] * 3 + [[often]] * 2 + [[single]])
    owners = admit_features(features, np.arange(6), bucket_bits=8, slot_bits=4)
    assert owners[3] == 0
    assert owners[5] == EMPTY, "seen once: it would only disturb"
    matrix = count_features(features, np.arange(6), owners)
    assert matrix.shape == (6, slots)
    assert matrix.toarray()[0, 3] == 1, "the other feature of that slot is not counted"
    assert matrix[5].nnz == 0


def test_a_text_is_divided_by_the_root_of_how_many_features_it_has() -> None:
    features = ragged([[1, 2, 3, 4]] * 3)
    owners = admit_features(features, np.arange(3), bucket_bits=8, slot_bits=4)
    assert count_features(features, np.arange(3), owners)[0].data.tolist() == [0.5] * 4


def test_padding_owns_no_slot() -> None:
    owners = admit_features(ragged([[0, 1]] * 9), np.arange(9), bucket_bits=8, slot_bits=4)
    assert owners[0] == EMPTY


def test_weights_point_to_the_side_a_feature_is_on() -> None:
    features = ragged([[1, 9], [2, 9]] * 50)
    labels = np.array([1, 0] * 50, dtype=np.int8)
    owners = admit_features(features, np.arange(100), bucket_bits=8, slot_bits=4)
    weights = fit_linear_path(count_features(features, np.arange(100), owners), labels, 2, Recipe())
    assert weights.shape == (16, 1)
    assert weights[1, 0] > 0.1
    assert weights[2, 0] < -0.1
    assert abs(weights[9, 0]) < 0.05
    labels = np.array([1, 0, 2, 0] * 25, dtype=np.int8)
    three = fit_linear_path(count_features(features, np.arange(100), owners), labels, 3, Recipe())
    assert three.shape == (16, 3)
