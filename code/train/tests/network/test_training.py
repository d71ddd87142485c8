"""Training: the network fits one corpus and two, and predicts the same in Keras and in ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from corpora import make_corpora, make_corpus

from libs.corpus import Corpora, set_neutrals_apart
from libs.network import TrainedNetwork, import_keras, predict_rows, save_network, train_network, write_onnx
from libs.network.examples import MASKED, make_examples
from libs.network.network import predict_paths
from libs.values.recipe import Recipe
from libs.vectors import Encoded, Ragged, encode_tokens, train_vectors
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


def train(corpora: Corpora, folder: Path, recipe: Recipe = RECIPE) -> tuple[TrainedNetwork, list[str]]:
    vectors = train_vectors(corpora, recipe, folder)
    return train_network(corpora, vectors, recipe, lambda _fraction, _figures: None), vectors.words


@pytest.fixture(scope="module", params=[2, 3])
def trained(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Corpora, TrainedNetwork, list[str]]:
    corpora = make_corpora(make_corpus(2500, request.param))
    return corpora, *train(corpora, tmp_path_factory.mktemp("trained"))


def judge(corpora: Corpora, network: TrainedNetwork) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rows = corpora.labelled.held_out_rows
    return corpora.labelled.labels[rows], predict_rows(network.network, network.encoded, rows + corpora.starts[-1])


def test_it_learns_what_is_there_to_learn(trained: tuple[Corpora, TrainedNetwork, list[str]]) -> None:
    labels, probabilities = judge(*trained[:2])
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.85
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_onnx_answers_as_keras_does_whatever_the_text_and_its_padding(
    trained: tuple[Corpora, TrainedNetwork, list[str]], tmp_path: Path
) -> None:
    _, network, words = trained
    assert_onnx_agrees(network, words, tmp_path)


def assert_onnx_agrees(network: TrainedNetwork, words: list[str], folder: Path) -> None:
    write_onnx(network.network, folder / "model.onnx")
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    encoded = encode_tokens([tokenize(clean(text)) for text in HARD_TEXTS], words, network.encoding)
    rows = np.arange(len(HARD_TEXTS))
    expected = predict_rows(network.network, encoded, rows)
    together = session.run(None, encoded.batch(rows))[0]
    alone = np.concatenate([session.run(None, encoded.batch(rows[place : place + 1]))[0] for place in rows])
    assert np.abs(together - expected).max() < 1e-5
    assert np.abs(alone - expected).max() < 1e-5


def test_the_keras_file_loads_safely_and_answers_the_same(
    trained: tuple[Corpora, TrainedNetwork, list[str]], tmp_path: Path
) -> None:
    corpora, network, _ = trained
    save_network(network.network, tmp_path / "model.keras")
    assert (tmp_path / "model.keras").stat().st_size < 3_000_000
    loaded = import_keras().models.load_model(tmp_path / "model.keras", safe_mode=True, compile=False)
    inputs = network.encoded.batch(corpora.labelled.held_out_rows[:50])
    assert np.abs(np.asarray(loaded(inputs)) - np.asarray(network.network.whole(inputs))).max() < 1e-6


def test_the_same_seed_gives_the_same_network(tmp_path: Path) -> None:
    corpora = make_corpora(make_corpus(1500))
    first, second = (judge(corpora, train(corpora, tmp_path)[0])[1] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_emoticon_labels_first_then_peoples_three(tmp_path: Path) -> None:
    corpora = make_corpora(make_corpus(900, 3, seed=2, name="people"), make_corpus(2500, 2, seed=3, name="emoticons"))
    network, words = train(corpora, tmp_path)
    labels, probabilities = judge(corpora, network)
    assert probabilities.shape[1] == 3
    assert_onnx_agrees(network, words, tmp_path)
    assert set(network.histories) == {"first", "second"}
    recalls = [(probabilities.argmax(axis=1)[labels == label] == label).mean() for label in range(3)]
    assert np.mean(recalls) > 0.75
    distant = corpora.distant
    assert distant is not None
    polar = predict_rows(network.network, network.encoded, distant.held_out_rows)
    assert ((polar[:, 2] >= polar[:, 0]) == (distant.labels[distant.held_out_rows] == 1)).mean() > 0.8


def test_two_corpora_of_two_classes_are_told_apart_and_answered_in_two(tmp_path: Path) -> None:
    corpora = make_corpora(make_corpus(900, 2, seed=2, name="people"), make_corpus(1800, 2, seed=3, name="emoticons"))
    network, words = train(corpora, tmp_path)
    labels, probabilities = judge(corpora, network)
    assert probabilities.shape[1] == 2
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.8
    assert len(network.network.output_layers) == 2
    domain = predict_paths(
        network.network, network.encoded, np.arange(sum(len(corpus.texts) for corpus in corpora.all))
    ).domain
    assert domain is not None
    people = np.arange(len(domain)) >= corpora.starts[1]
    assert domain[people].mean() > domain[~people].mean() + 0.5, "one word gives away whose text it is"
    assert_onnx_agrees(network, words, tmp_path)


def test_a_row_has_targets_for_its_own_head_and_for_the_domain() -> None:
    corpora = make_corpora(make_corpus(900, 3, name="people"), make_corpus(900, 2, name="emoticons"))
    examples = make_examples(Encoded(*[Ragged(np.zeros(0, np.int32), np.zeros(1, np.int64))] * 2), corpora, 0.1)
    assert examples.heads == (2, 3, 2)
    first, second = examples.targets[0], examples.targets[corpora.starts[1]]
    assert sorted(first[:2].tolist()) == pytest.approx([0.05, 0.95])
    assert (first[2:5] == MASKED).all()
    assert first[5:].tolist() == [1, 0]
    assert (second[:2] == MASKED).all()
    assert second[2:5].sum() == pytest.approx(1)
    assert second[5:].tolist() == [0, 1]


def test_neutral_rows_set_apart_fit_the_band_of_a_two_class_network(tmp_path: Path) -> None:
    corpora = make_corpora(set_neutrals_apart(make_corpus(2400, 3)))
    network, _ = train(corpora, tmp_path)
    assert corpora.labelled.classes == ("NEGATIVE", "POSITIVE")
    assert len(corpora.labelled.neutrals) > 500
    assert network.thresholds is not None
    assert 0 < network.thresholds.negative_to < network.thresholds.positive_from < 1
    _, probabilities = judge(corpora, network)
    assert probabilities.shape[1] == 2
