"""Feature recipes side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import make_corpora, make_corpus

from libs.experiments.comparison import NETWORK, Contest, compare_recipes, list_contenders
from libs.experiments.comparison_report import format_table, write_comparison
from libs.experiments.feature_recipes import AverageVectors, make_classifier
from libs.values.recipe import Recipe
from libs.vectors import Vectors
from sentiment.text.cleaning import clean

FAST = Recipe(epochs=2, vector_epochs=2, vector_size=16, slot_bits=12, filters=16, least_word_count=2)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[tuple[str, float]]]:
    told: list[tuple[str, float]] = []
    contest = Contest(make_corpora(make_corpus(2000)), FAST, tmp_path_factory.mktemp("compare"))
    return compare_recipes(contest, lambda name, done: told.append((name, done))), told


def test_every_recipe_is_judged_on_the_same_rows_and_learns_something(found) -> None:
    comparison, _ = found
    assert [one["name"] for one in comparison["recipes"]] == list(list_contenders())
    for one in comparison["recipes"]:
        accuracy = one["metrics"]["accuracy"]
        assert 0.7 < accuracy["value"] < 1, one["name"]
        assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
        assert one["seconds"] >= 0


def test_the_network_is_compared_with_each_peer_row_by_row(found) -> None:
    comparison, _ = found
    accuracy = {one["name"]: one["metrics"]["accuracy"]["value"] for one in comparison["recipes"]}
    for one in comparison["recipes"]:
        if one["name"] == NETWORK:
            assert one["network_ahead"] is None
        else:
            assert one["network_ahead"]["value"] == pytest.approx(accuracy[NETWORK] - accuracy[one["name"]], abs=2e-5)


def test_progress_goes_forward_through_every_recipe_to_the_end(found) -> None:
    _, told = found
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert {name for name, _ in told} == {*list_contenders(), "done"}


def test_the_table_the_picture_and_the_json_say_the_same(found, tmp_path: Path) -> None:
    comparison, _ = found
    write_comparison(comparison, tmp_path)
    assert json.loads((tmp_path / "comparison.json").read_text()) == comparison
    assert (tmp_path / "comparison.png").read_bytes().startswith(b"\x89PNG")
    table = format_table(comparison)
    for one in comparison["recipes"]:
        assert one["name"] in table
        assert f"{one['metrics']['accuracy']['value']:.4f}" in table


def test_no_recipe_learns_from_a_held_out_row(tmp_path: Path) -> None:
    """With the held-out rows' labels turned round, what was learnt is as wrong about them as it was right."""
    corpus = make_corpus(1500)
    right = compare_one(corpus, tmp_path)
    corpus.labels[corpus.held_out] = 1 - corpus.labels[corpus.held_out]
    assert compare_one(corpus, tmp_path) == pytest.approx(1 - right, abs=1e-9)


def compare_one(corpus, folder: Path) -> float:
    judged = list_contenders()["TF-IDF (1,2)"](Contest(make_corpora(corpus), FAST, folder), lambda _: None)
    return float((judged.predicted == judged.labels).mean())


def test_a_text_is_the_mean_of_its_words_vectors_scaled() -> None:
    matrix = np.array([[0, 0], [1, 1], [4, 0], [0, 8]], dtype=np.float32)
    features = AverageVectors(Vectors(["<pad>", "<unknown>", "good", "bad"], matrix))
    texts = [clean(text) for text in ("good", "bad", "good bad", "nowhere seen", "")]
    raw = np.array([[4, 0], [0, 8], [2, 4], [1, 1], [0, 0]], dtype=np.float64)
    expected = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    assert np.allclose(features.fit_transform(texts), expected, atol=1e-5)
    assert np.allclose(features.transform(texts[:1]), expected[:1], atol=1e-5)


def test_three_classes_weigh_alike_and_two_as_they_come() -> None:
    assert make_classifier(3).class_weight == "balanced"
    assert make_classifier(2).class_weight is None
