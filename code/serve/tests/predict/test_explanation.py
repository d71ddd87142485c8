"""What each word added: exact on the linear path, whatever the rest of the network makes of the words."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper, save_model

from develop.fixtures.tiny_release import build_tiny_release
from libs.predict.explanation import weigh_words
from libs.predict.network_probe import NetworkProbe, find_known
from sentiment.model.classifier import Classifier
from sentiment.release.manifest import ONNX_NETWORK, Release
from sentiment.text.cleaning import clean
from sentiment.text.tokens import tokenize

BITS: Final = 10  # of a feature, in the tiny release
WORDS: Final = st.sampled_from(["love", "bad", "not", "good", "kitten", "zorp", "!!", "#ok", "é"])


def save_network(path: Path, outputs: int) -> None:
    """A linear path over half of all features, a sixteenth of them with weight 0, mixed by what the words are."""
    rng = np.random.default_rng(3)
    known = np.arange(2**BITS) % 2 == 0
    known[0] = False
    weights = rng.normal(size=(2**BITS, outputs)) * known[:, None]
    weights[::16] = 0
    constants = {
        "known": known.astype(np.float32), "weights": weights.astype(np.float32), "one": np.float32(1),
        "deep": rng.normal(size=(20, outputs)).astype(np.float32), "axis": np.array([1]), "zeros": np.zeros((1, 1), np.float32),
    }  # fmt: skip
    nodes = [
        ("Gather", ["known", "features"], "there"), ("ReduceSum", ["there", "axis"], "count"), ("Max", ["count", "one"], "at_least"),
        ("Sqrt", ["at_least"], "root"), ("Gather", ["weights", "features"], "found"), ("ReduceSum", ["found", "axis"], "total"),
        ("Squeeze", ["total", "axis"], "sum"), ("Div", ["sum", "root"], "wide"), ("Gather", ["deep", "words"], "read"),
        ("ReduceSum", ["read", "axis"], "read_total"), ("Squeeze", ["read_total", "axis"], "deep_sum"),
        ("Tanh", ["deep_sum"], "judged"), ("Sigmoid", ["deep_sum"], "gate"), ("Mul", ["wide", "gate"], "gated"),
        ("Add", ["gated", "judged"], "logits"), ("Concat", ["zeros_of", "logits"] if outputs == 1 else ["logits"], "all"),
        ("Softmax", ["all"], "probabilities"),
    ]  # fmt: skip
    if outputs == 1:
        nodes.insert(15, ("Mul", ["logits", "zeros"], "zeros_of"))
    squeezed = {"count", "total", "read_total"}
    graph = helper.make_graph(
        [
            helper.make_node(kind, inputs, [name], **({"keepdims": 1} if name in squeezed else {}), **({"axis": 1} if kind in ("Concat", "Softmax") else {}))
            for kind, inputs, name in nodes
        ],
        "both paths",
        [helper.make_tensor_value_info(name, TensorProto.INT32, ["texts", f"most {name}"]) for name in ("words", "features")],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["texts", max(outputs, 2)])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )  # fmt: skip
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)


@pytest.fixture(scope="module", params=[1, 3])
def classifier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    folder = tmp_path_factory.mktemp("release")
    release = Release(build_tiny_release(folder, "v1"), folder)
    save_network(folder / ONNX_NETWORK, request.param)
    return Classifier(release)


@given(st.lists(WORDS, min_size=1, max_size=12))
@settings(deadline=None, max_examples=60)
def test_the_exact_parts_sum_to_the_whole_linear_path(classifier: Classifier, words: list[str]) -> None:
    text = clean(" ".join(words))
    arrays = classifier.encoder.encode([text])
    probe = NetworkProbe(classifier)
    (path,) = probe.measure(arrays["words"], arrays["features"]) - probe.measure(arrays["words"])
    assert sum(word.exact for word in weigh_words(classifier, text)) == pytest.approx(path, abs=2e-4)


def test_a_phrase_is_shared_by_its_words_and_by_no_other(classifier: Classifier) -> None:
    """By the definition, feature by feature, from the network's own table."""
    text = clean("love bad kitten good")
    probe, tokens = NetworkProbe(classifier), tokenize(text)
    words = classifier.encoder.encode([text])["words"]
    evidence = classifier.encoder.list_evidence(tokens)
    every = np.concatenate([item.features for item in evidence])
    count = sum(feature % 2 == 0 for feature in every.tolist())
    expected = np.zeros(len(tokens))
    for item in evidence:
        for feature in item.features:
            alone = probe.measure(words, np.array([[feature]])) - probe.measure(words)
            expected[item.words.start : item.words.stop] += alone / np.sqrt(count) / len(item.words)
    assert [word.exact for word in weigh_words(classifier, text)] == pytest.approx(expected.tolist(), abs=2e-4)


def test_a_feature_without_weight_is_known_all_the_same(classifier: Classifier) -> None:
    """It makes the others' parts smaller: what is known shares the sum."""
    features = np.arange(1, 200, dtype=np.int32)
    assert find_known(NetworkProbe(classifier), features).tolist() == [f for f in features.tolist() if f % 2 == 0]


def test_what_is_read_in_context_is_estimated_by_leaving_the_word_out(classifier: Classifier) -> None:
    probe = NetworkProbe(classifier)
    words = classifier.encoder.encode([clean("love bad good")])["words"]
    expected = probe.measure(words) - probe.measure(words[:, [0, 2]])
    assert weigh_words(classifier, clean("love bad good"))[1].approximate == pytest.approx(float(expected[0]), abs=1e-5)


def test_no_words_no_weights(classifier: Classifier) -> None:
    assert weigh_words(classifier, clean("")) == []
