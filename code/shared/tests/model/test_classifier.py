"""The classifier: in order, alone as in a batch, and only when its goldens come out the same."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from develop.fixtures.tiny_release import build_tiny_release
from sentiment.errors import ReleaseError
from sentiment.model.classifier import Classifier, load_classifier
from sentiment.model.labels import NEGATIVE, NEUTRAL, POSITIVE, THREE_CLASSES, Prediction, Thresholds, to_prediction
from sentiment.release.manifest import GOLDEN, ONNX_NETWORK, VOCABULARY, Release
from sentiment.text.cleaning import clean

TEXTS = [clean(text) for text in ("I love it", "this is awful", "", "word " * 2000, "bad", "good !", "נהדר")] * 40


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return Release(build_tiny_release(tmp_path / "release", "v1"), tmp_path / "release")


def test_a_batch_says_what_each_text_alone_says_in_order(release: Release) -> None:
    classifier = load_classifier(release)
    together = classifier.predict(TEXTS)
    assert [prediction.label for prediction in together[:3]] == [POSITIVE, NEGATIVE, NEUTRAL]
    for text, prediction in zip(TEXTS[:7], together[:7], strict=True):
        (alone,) = classifier.predict([text])
        assert alone.label == prediction.label
        assert alone.score == pytest.approx(prediction.score, abs=1e-4)
    assert together[:7] * 40 == together


def test_no_texts_no_predictions(release: Release) -> None:
    assert load_classifier(release).predict([]) == []


def test_many_threads_share_one_classifier(release: Release) -> None:
    classifier = load_classifier(release)
    expected = classifier.predict(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        assert all(found == expected for found in pool.map(classifier.predict, [TEXTS] * 32))


def test_three_classes_take_the_likeliest_and_score_half_the_neutral() -> None:
    assert to_prediction([0.2, 0.5, 0.3], Thresholds()) == Prediction(NEUTRAL, 0.55)
    assert to_prediction([0.6, 0.1, 0.3], Thresholds()) == Prediction(NEGATIVE, 0.35)


@pytest.mark.parametrize(
    ("score", "label"), [(0.0, NEGATIVE), (0.4, NEGATIVE), (0.41, NEUTRAL), (0.69, NEUTRAL), (0.7, POSITIVE)]
)
def test_two_classes_leave_a_neutral_band(score: float, label: str) -> None:
    assert to_prediction([1 - score, score], Thresholds(0.4, 0.7)) == Prediction(label, score)  # type: ignore[arg-type]


def test_a_three_class_release_loads(tmp_path: Path) -> None:
    release = Release(build_tiny_release(tmp_path, "v1", labels=THREE_CLASSES), tmp_path)
    assert load_classifier(release).predict([clean("I love it")])[0].label == POSITIVE


def rewrite_golden(release: Release, **changes: object) -> None:
    path = release.folder / GOLDEN
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0] |= changes
    path.write_text("\n".join(json.dumps(line) for line in lines))


@pytest.mark.parametrize("changes", [{"score": 0.5}, {"label": NEGATIVE}])
def test_a_release_that_does_not_reproduce_its_goldens_is_refused(release: Release, changes: dict[str, object]) -> None:
    rewrite_golden(release, **changes)
    with pytest.raises(ReleaseError, match="I love it") as refusal:
        load_classifier(release)
    assert refusal.value.code == "golden_differs"


def test_a_score_off_by_less_than_the_tolerance_is_the_same(release: Release) -> None:
    score = json.loads((release.folder / GOLDEN).read_text().splitlines()[0])["score"]
    rewrite_golden(release, score=score + 0.00009)
    assert load_classifier(release).version == "v1"


@pytest.mark.parametrize("content", ["", "not json", '{"text": 1}', "[]"])
def test_goldens_that_hold_nothing_prove_nothing(release: Release, content: str) -> None:
    (release.folder / GOLDEN).write_text(content)
    with pytest.raises(ReleaseError) as refusal:
        load_classifier(release)
    assert refusal.value.code == "bad_golden"


@pytest.mark.parametrize("content", ["", "{}", "[1]"])
def test_a_vocabulary_that_is_no_list_of_words_is_refused(release: Release, content: str) -> None:
    (release.folder / VOCABULARY).write_text(content)
    with pytest.raises(ReleaseError) as refusal:
        Classifier(release)
    assert refusal.value.code == "bad_vocabulary"


def test_a_network_that_is_no_network_is_refused(release: Release) -> None:
    (release.folder / ONNX_NETWORK).write_bytes(b"not a network")
    with pytest.raises(ReleaseError) as refusal:
        Classifier(release)
    assert refusal.value.code == "bad_network"
