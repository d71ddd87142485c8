"""Golden predictions, and the drift baseline."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from develop.fixtures.tiny_release import build_tiny_release
from libs.evaluation import ScoredRows
from libs.release.baseline import describe_baseline
from libs.release.goldens import golden_texts, require_same_scores, write_goldens
from sentiment.errors import ReleaseError
from sentiment.model.classifier import Classifier, TextScorer, replay_goldens
from sentiment.model.labels import Thresholds
from sentiment.release.manifest import Release


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


def test_goldens_are_written_before_there_is_a_manifest(tmp_path: Path) -> None:
    manifest = build_tiny_release(tmp_path / "v1", "v1")
    for name in ("manifest.json", "golden.jsonl", "report.json"):
        (tmp_path / "v1" / name).unlink(missing_ok=True)
    scorer = TextScorer(tmp_path / "v1", "v1", manifest.encoding, manifest.thresholds)
    assert write_goldens(scorer, tmp_path / "golden.jsonl") == len(golden_texts())
    build_tiny_release(tmp_path / "whole", "whole")
    replay_goldens(Classifier(Release(manifest, tmp_path / "whole")), tmp_path / "golden.jsonl")


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
    rows = ScoredRows(np.array([0, 1, 1], np.int8), np.array([[0.9, 0.1], [0.45, 0.55], [0, 1]], np.float32))
    tokens = [["good", "zxqv"], ["good"], ["x"]]
    found = describe_baseline(rows, ["good zxqv", "good", "x" * 300], tokens, ["good", "x"], Thresholds(0.4, 0.7))
    assert found["label_shares"] == {"NEGATIVE": 0.33333, "NEUTRAL": 0.33333, "POSITIVE": 0.33333}
    assert found["unknown_word_share"] == 0.25
    assert found["frequent_words"][0] == {"word": "good", "share": 0.66667}
    for name in ("score_histogram", "length_histogram"):
        assert sum(found[name]["shares"]) == pytest.approx(1, abs=1e-3)
        assert len(found[name]["edges"]) == len(found[name]["shares"]) + 1
    json.dumps(found)
