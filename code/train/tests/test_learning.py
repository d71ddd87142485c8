"""The network learns, in Keras and in ONNX alike, from one corpus and from two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from corpora import make_corpus

from libs.corpus.clean import set_neutrals_apart
from libs.corpus.corpora import Corpora, as_columns
from libs.corpus.split import split_stages
from libs.network.examples import OPEN, make_examples
from libs.network.learning import Learned, learn
from libs.network.network import import_keras, predict_paths, predict_rows, save_network
from libs.network.onnx_export import write_onnx
from libs.values.recipe import Recipe
from libs.vectors.encoded import Encoded, Ragged, encode_tokens
from libs.vectors.word2vec import train_vectors
from sentiment.text.cleaning import clean
from sentiment.text.tokens import tokenize

RECIPE = Recipe(
    vector_size=16,
    vector_epochs=2,
    filters=16,
    epochs=4,
    batch_size=64,
    slot_bits=14,
    least_word_count=2,
    learning_rate=0.005,
)
HARD_TEXTS = [
    "",
    "love",
    "never seen words zxqv",
    "love " * 3000,
    "great phone, not awful",
    "ok ok ok",
    "שלום",
    "the app",
]


def train(corpora: Corpora, folder: Path, recipe: Recipe = RECIPE) -> tuple[Learned, list[str]]:
    vectors = train_vectors(corpora, recipe, folder)
    return learn(corpora, vectors, recipe, lambda _fraction, _figures: None), vectors.words


@pytest.fixture(scope="module", params=[2, 3])
def trained(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Corpora, Learned, list[str]]:
    corpora = Corpora(make_corpus(2500, request.param))
    return corpora, *train(corpora, tmp_path_factory.mktemp("trained"))


def judge(corpora: Corpora, learned: Learned) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rows = corpora.labelled.held_out_rows
    return corpora.labelled.labels[rows], predict_rows(learned.network, learned.encoded, rows + corpora.starts[-1])


def test_it_learns_what_is_there_to_learn(trained: tuple[Corpora, Learned, list[str]]) -> None:
    labels, probabilities = judge(*trained[:2])
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.85
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_onnx_answers_as_keras_does_whatever_the_text_and_its_padding(
    trained: tuple[Corpora, Learned, list[str]], tmp_path: Path
) -> None:
    _, learned, words = trained
    assert_onnx_agrees(learned, words, tmp_path)


def assert_onnx_agrees(learned: Learned, words: list[str], folder: Path) -> None:
    write_onnx(learned.network, folder / "model.onnx")
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    encoded = encode_tokens([tokenize(clean(text)) for text in HARD_TEXTS], words, learned.encoding)
    rows = np.arange(len(HARD_TEXTS))
    expected = predict_rows(learned.network, encoded, rows)
    together = session.run(None, encoded.batch(rows))[0]
    alone = np.concatenate([session.run(None, encoded.batch(rows[place : place + 1]))[0] for place in rows])
    assert np.abs(together - expected).max() < 1e-5
    assert np.abs(alone - expected).max() < 1e-5


def test_the_keras_file_loads_safely_and_answers_the_same(
    trained: tuple[Corpora, Learned, list[str]], tmp_path: Path
) -> None:
    corpora, learned, _ = trained
    save_network(learned.network, tmp_path / "model.keras")
    assert (tmp_path / "model.keras").stat().st_size < 3_000_000
    loaded = import_keras().models.load_model(tmp_path / "model.keras", safe_mode=True, compile=False)
    inputs = learned.encoded.batch(corpora.labelled.held_out_rows[:50])
    assert np.abs(np.asarray(loaded(inputs)) - np.asarray(learned.network.whole(inputs))).max() < 1e-6


def test_the_same_seed_gives_the_same_network(tmp_path: Path) -> None:
    corpora = Corpora(make_corpus(1500))
    first, second = (judge(corpora, train(corpora, tmp_path)[0])[1] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_emoticon_labels_first_then_peoples_three(tmp_path: Path) -> None:
    corpora = Corpora(make_corpus(900, 3, seed=2, name="people"), make_corpus(2500, 2, seed=3, name="emoticons"))
    learned, words = train(corpora, tmp_path)
    labels, probabilities = judge(corpora, learned)
    assert probabilities.shape[1] == 3
    assert_onnx_agrees(learned, words, tmp_path)
    assert set(learned.histories) == {"first", "second"}
    recalls = [(probabilities.argmax(axis=1)[labels == label] == label).mean() for label in range(3)]
    assert np.mean(recalls) > 0.75
    distant = corpora.distant
    assert distant is not None
    polar = predict_rows(learned.network, learned.encoded, distant.held_out_rows)
    assert ((polar[:, 2] >= polar[:, 0]) == (distant.labels[distant.held_out_rows] == 1)).mean() > 0.8


def test_two_corpora_of_two_classes_are_told_apart_and_answered_in_two(tmp_path: Path) -> None:
    corpora = Corpora(make_corpus(900, 2, seed=2, name="people"), make_corpus(1800, 2, seed=3, name="emoticons"))
    learned, words = train(corpora, tmp_path)
    labels, probabilities = judge(corpora, learned)
    assert probabilities.shape[1] == 2
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.8
    assert len(learned.network.weighings) == 2
    near = predict_paths(
        learned.network, learned.encoded, np.arange(sum(len(corpus.texts) for corpus in corpora.all))
    ).near
    assert near is not None
    people = np.arange(len(near)) >= corpora.starts[1]
    assert near[people].mean() > near[~people].mean() + 0.5, "one word gives away whose text it is"
    assert_onnx_agrees(learned, words, tmp_path)


def test_a_row_teaches_its_own_head_and_whose_kind_of_text_it_is() -> None:
    corpora = Corpora(make_corpus(900, 3, name="people"), make_corpus(900, 2, name="emoticons"))
    examples = make_examples(Encoded(*[Ragged(np.zeros(0, np.int32), np.zeros(1, np.int64))] * 2), corpora, 0.1)
    assert examples.heads == (2, 3, 2)
    first, second = examples.targets[0], examples.targets[corpora.starts[1]]
    assert sorted(first[:2].tolist()) == pytest.approx([0.05, 0.95])
    assert (first[2:5] == OPEN).all()
    assert first[5:].tolist() == [1, 0]
    assert (second[:2] == OPEN).all()
    assert second[2:5].sum() == pytest.approx(1)
    assert second[5:].tolist() == [0, 1]


def test_neutral_rows_set_apart_fit_the_band_of_a_two_class_network(tmp_path: Path) -> None:
    corpora = Corpora(set_neutrals_apart(make_corpus(2400, 3)))
    learned, _ = train(corpora, tmp_path)
    assert corpora.labelled.classes == ("NEGATIVE", "POSITIVE")
    assert len(corpora.labelled.neutrals) > 500
    assert learned.thresholds is not None
    assert 0 < learned.thresholds.negative_to < learned.thresholds.positive_from < 1
    _, probabilities = judge(corpora, learned)
    assert probabilities.shape[1] == 2


def test_no_held_out_row_is_learnt_from_or_weighed_by() -> None:
    corpora = Corpora(make_corpus(900, 3, name="people"), make_corpus(1200, 2, name="emoticons"))
    stages = split_stages(corpora, RECIPE)
    texts = [text for corpus in corpora.all for text in corpus.texts]
    held_out = {corpus.texts[row] for corpus in corpora.all for row in corpus.held_out_rows}
    used = {texts[row] for stage in stages for rows in stage for row in rows}
    assert not used & held_out
    assert len(used) + len(held_out) == len(texts)
    assert all(not set(stage.learnt) & set(stage.watched) for stage in stages)


def test_two_classes_become_the_ends_of_three() -> None:
    corpus = make_corpus(900)
    assert set(as_columns(corpus, 3).tolist()) == {0, 2}
    assert set(as_columns(corpus, 2).tolist()) == {0, 1}
