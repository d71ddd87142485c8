"""Goldens, the drift baseline, vectors, progress and settings."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from corpora import make_corpus
from develop.fixtures.tiny_release import build_tiny_release

from libs.corpus.corpora import Corpora
from libs.evaluation.measures import Judged
from libs.release.baseline import describe_baseline
from libs.release.goldens import golden_texts, require_same_scores, write_goldens
from libs.service.settings import TrainSettings
from libs.values.progress import STAGES, Progress, Snapshot
from libs.values.recipe import Recipe, override_recipe
from libs.vectors.word2vec import train_vectors
from sentiment.errors import PermanentError, ReleaseError
from sentiment.model.classifier import Classifier, replay_goldens
from sentiment.model.labels import Thresholds
from sentiment.release.manifest import Release
from sentiment.text.encoding import SPECIAL_WORDS


def test_goldens_are_about_200_texts_of_every_kind_and_replay(tmp_path: Path) -> None:
    texts = golden_texts()
    assert 180 <= len(texts) <= 240
    assert len(set(texts)) == len(texts)
    assert "" in texts
    assert max(map(len, texts)) == 10_000
    for part in ("not ", "😡", "שלום", "https://", "&amp;", "\x00", "@user"):
        assert any(part in text for text in texts), part
    classifier = Classifier(Release(build_tiny_release(tmp_path / "v1", "v1"), tmp_path / "v1"))
    assert write_goldens(classifier, tmp_path / "golden.jsonl") == len(texts)
    replay_goldens(classifier, tmp_path / "golden.jsonl")


def test_an_export_that_differs_from_keras_is_refused(tmp_path: Path) -> None:
    classifier = Classifier(Release(build_tiny_release(tmp_path / "v1", "v1"), tmp_path / "v1"))
    from sentiment.text.cleaning import clean

    scores = [one.score for one in classifier.predict([clean(text) for text in golden_texts()])]
    same = [np.array([1 - score, score], dtype=np.float32) for score in scores]
    require_same_scores(classifier, same)
    same[7] = same[7] + np.array([-0.001, 0.001], dtype=np.float32)
    with pytest.raises(ReleaseError) as caught:
        require_same_scores(classifier, same)
    assert caught.value.code == "export_differs"


def test_the_drift_baseline_sums_to_one_everywhere() -> None:
    judged = Judged(np.array([0, 1, 1], np.int8), np.array([[0.9, 0.1], [0.45, 0.55], [0, 1]], np.float32))
    tokens = [["good", "zxqv"], ["good"], ["x"]]
    found = describe_baseline(judged, ["good zxqv", "good", "x" * 300], tokens, ["good", "x"], Thresholds(0.4, 0.7))
    assert found["label_shares"] == {"NEGATIVE": 0.33333, "NEUTRAL": 0.33333, "POSITIVE": 0.33333}
    assert found["unknown_word_share"] == 0.25
    assert found["frequent_words"][0] == {"word": "good", "share": 0.66667}
    for name in ("score_histogram", "length_histogram"):
        assert sum(found[name]["shares"]) == pytest.approx(1, abs=1e-3)
        assert len(found[name]["edges"]) == len(found[name]["shares"]) + 1
    json.dumps(found)


def test_vectors_come_with_padding_at_zero_and_unknown_in_the_middle(tmp_path: Path) -> None:
    done: list[float] = []
    corpora = Corpora(make_corpus(900))
    vectors = train_vectors(corpora, Recipe(vector_size=16, vector_epochs=2), tmp_path, done.append)
    assert tuple(vectors.words[:2]) == SPECIAL_WORDS
    assert vectors.matrix.shape == (len(vectors.words), 16)
    assert not vectors.matrix[0].any()
    assert np.allclose(vectors.matrix[1], vectors.matrix[2:].mean(axis=0), atol=1e-6)
    assert "love" in vectors.words
    assert done == [0.5, 1.0]


def test_words_too_rare_for_vectors_are_refused(tmp_path: Path) -> None:
    corpus = make_corpus(900)
    scattered = replace(corpus, tokens=[[f"word{row}"] for row in range(len(corpus.texts))])
    with pytest.raises(PermanentError) as caught:
        train_vectors(Corpora(scattered), Recipe(), tmp_path)
    assert caught.value.code == "too_few_words"


def test_progress_never_falls_and_ends_at_one() -> None:
    seen: list[Snapshot] = []
    progress = Progress([seen.append])
    for stage in STAGES:
        progress.enter(stage)
        progress.advance(0.5, {"loss": 1.0})
    progress.finish()
    values = [snapshot.progress for snapshot in seen]
    assert values == sorted(values)
    assert values[-1] == 1.0
    assert set(seen[-1].stage_seconds) == set(STAGES)
    assert sum(STAGES.values()) == pytest.approx(1.0)


def test_a_wrong_recipe_names_every_wrong_value() -> None:
    with pytest.raises(PermanentError) as caught:
        override_recipe(Recipe(), {"epochs": 0, "colour": "red"})
    assert "epochs" in caught.value.detail
    assert "colour" in caught.value.detail


def test_every_setting_and_hyperparameter_is_described() -> None:
    for model in (TrainSettings, Recipe):
        for name, field in model.model_fields.items():
            assert field.description, name
            assert field.description.endswith("."), name
