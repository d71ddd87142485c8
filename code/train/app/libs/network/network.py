"""The network: frequent evidence on a linear path, Word2Vec through convolutions beside it, weighed at the end.

Wide and deep (Cheng et al. 2016). The linear path knows every frequent word, pair and triple; the deep path generalises
through Word2Vec. Each learns from its own loss, so that neither leans on the other, and a last small layer, fitted on
rows that neither has seen, weighs and calibrates both.

Two corpora share the deep path up to its last layer and have a head each there, since what an emoticon means and what
people call positive differ. A third head tells whose kind of text this is, and that decides between two ways of weighing
(a mixture of experts, Jacobs et al. 1991). The only place that meets Keras.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libs.network.linear_path import LinearPath
from libs.values.recipe import Recipe
from libs.vectors.encoded import Encoded
from libs.vectors.word2vec import Vectors

EVIDENCE: Final = "evidence"
HEADS: Final = ("distant", "labelled")  # one corpus alone has the last
NEAR: Final = "near"
WEIGHINGS: Final = ("weighing", "weighing_distant")
_THREADS: Final = 2
_VECTOR_SPREAD: Final = 0.1  # standard deviation of the vectors at the start: 0.3 costs a point of accuracy
_PREDICT_ROWS: Final = 1024


@dataclass(frozen=True)
class Network:
    """``whole`` answers probabilities, ``deep`` the heads' logits from words alone, ``paths`` what is to be weighed."""

    whole: Any
    deep: Any
    paths: Any

    @property
    def weighings(self) -> list[Any]:
        """The last layers, which weigh the paths: for texts like the labelled corpus', then for those like the distant's."""
        known = {layer.name: layer for layer in self.whole.layers}
        return [known[name] for name in WEIGHINGS if name in known]


class Paths(NamedTuple):
    """``logits`` [rows, wide and deep outputs]; ``near`` [rows]: from 0, a text of the distant kind, to 1, of the labelled."""

    logits: NDArray[np.float32]
    near: NDArray[np.float32] | None = None

    def take(self, rows: NDArray[Any]) -> Paths:
        """Return the chosen rows."""
        return Paths(self.logits[rows], None if self.near is None else self.near[rows])


def import_keras() -> Any:
    """Import Keras with TensorFlow quietly, on this product's two threads; seconds the first time."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _quiet_stderr():
        import keras
        import tensorflow as tf
    if tf.config.threading.get_intra_op_parallelism_threads() != _THREADS:
        tf.config.threading.set_intra_op_parallelism_threads(_THREADS)
    return keras


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    # TensorFlow's C++ writes greetings to stderr before it reads any setting, across a shell's progress bar.
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def count_outputs(classes: int) -> int:
    """Return how many logits tell so many classes apart: two need only the log-odds of the second."""
    return 1 if classes == 2 else classes


def build_network(vectors: Vectors, linear: LinearPath, classes: Sequence[int], recipe: Recipe) -> Network:
    """Return the network with the linear path as fitted and the rest untrained.

    ``classes``: of each corpus; the last one's are answered. Inputs are int32 ``words`` [B, T] and ``features`` [B, F]; the
    output is ``probabilities`` [B, classes].
    """
    keras = import_keras()
    keras.utils.set_random_seed(recipe.seed)
    layers, ops = keras.layers, keras.ops
    words = keras.Input((None,), dtype="int32", name="words")
    features = keras.Input((None,), dtype="int32", name="features")
    read = _read_words(keras, words, vectors, recipe)
    names = HEADS[-len(classes) :]
    heads = [layers.Dense(count_outputs(few), name=name)(read) for name, few in zip(names, classes, strict=True)]
    logits = layers.Concatenate(name="both")([_sum_evidence(keras, features, linear), *heads])
    outputs = count_outputs(classes[-1])
    weighed = layers.Dense(outputs, name=WEIGHINGS[0])(logits)
    paths = {"logits": logits}
    if len(heads) > 1:
        heads.append(layers.Dense(1, name=NEAR)(read))
        paths[NEAR] = ops.sigmoid(heads[-1])
        far = layers.Dense(outputs, name=WEIGHINGS[1])(logits)
        weighed = far + paths[NEAR] * (weighed - far)
    inputs = {"words": words, "features": features}
    return Network(
        keras.Model(inputs, _answer(keras, weighed), name="sentiment"),
        keras.Model(words, heads[0] if len(heads) == 1 else layers.Concatenate(name="deep")(heads), name="deep_path"),
        keras.Model(inputs, paths, name="paths"),
    )


def _answer(keras: Any, weighed: Any) -> Any:
    if weighed.shape[-1] > 1:
        return keras.layers.Softmax(name="probabilities")(weighed)
    positive = keras.ops.sigmoid(weighed)
    return keras.layers.Concatenate(name="probabilities")([1.0 - positive, positive])


def _sum_evidence(keras: Any, features: Any, linear: LinearPath) -> Any:
    layers, ops = keras.layers, keras.ops
    slots, outputs = linear.weights.shape
    fingerprints = ops.floor_divide(features, slots)
    places = features - fingerprints * slots
    # weights=[…] and not an initializer, which would be written into the file as JSON, number by number
    owners = linear.owners[:, None].astype(np.float32)
    owner = layers.Embedding(slots, 1, weights=[owners], trainable=False, name="owners")(places)
    weight = layers.Embedding(slots, outputs, weights=[linear.weights], trainable=False, name=EVIDENCE)(places)
    known = ops.cast(ops.equal(owner, ops.cast(ops.expand_dims(fingerprints, -1), "float32")), "float32")
    return ops.sum(weight * known, axis=1) / ops.sqrt(ops.maximum(ops.sum(known, axis=1), 1.0))


def _read_words(keras: Any, words: Any, vectors: Vectors, recipe: Recipe) -> Any:
    layers, ops = keras.layers, keras.ops
    mask = ops.expand_dims(ops.cast(ops.not_equal(words, 0), "float32"), -1)
    matrix = vectors.matrix * (_VECTOR_SPREAD / max(float(vectors.matrix.std()), 1e-6))
    read = layers.Embedding(*matrix.shape, weights=[matrix], name="vectors")(words)
    read = layers.SpatialDropout1D(recipe.word_dropout, name="forget_dimensions")(read) * mask
    for depth in (1, 2):  # two layers see five words, enough for "not that I would ever like"
        read = (
            layers.Conv1D(recipe.filters, 3, padding="same", activation="relu", name=f"convolution_{depth}")(read)
            * mask
        )
    # Activations are never negative, so the masked maximum is that of the words alone (0 for an empty text).
    length = ops.maximum(ops.sum(mask, axis=1), 1.0)
    pooled = layers.Concatenate(name="pooled")([ops.max(read, axis=1), ops.sum(read, axis=1) / length])
    pooled = layers.Dropout(recipe.dropout, name="forget")(pooled)
    return layers.Dense(64, activation="relu", name="hidden")(pooled)


def predict_rows(network: Network, encoded: Encoded, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return probabilities [rows, classes] in the order of ``rows``."""
    return _gather(lambda batch: network.whole(batch, training=False), encoded, rows)


def predict_deep(network: Network, encoded: Encoded, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the heads' logits [rows, outputs], end to end."""
    return _gather(lambda batch: network.deep(batch["words"], training=False), encoded, rows)


def predict_paths(network: Network, encoded: Encoded, rows: NDArray[np.int64]) -> Paths:
    """Return what the weighing layers get."""
    ops = import_keras().ops
    names = list(network.paths.output)

    def call(batch: dict[str, Any]) -> Any:
        answer = network.paths(batch, training=False)
        return ops.concatenate([answer[name] for name in names], axis=1)

    found = _gather(call, encoded, rows)
    return Paths(found[:, :-1], found[:, -1]) if NEAR in names else Paths(found)


def _gather(answer: Callable[[dict[str, Any]], Any], encoded: Encoded, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    import tensorflow as tf

    shape = tf.TensorSpec([None, None], tf.int32)
    call = tf.function(answer, input_signature=[{"words": shape, "features": shape}])
    batches = list(encoded.batches(rows, _PREDICT_ROWS))
    answers = np.concatenate([np.asarray(call(encoded.batch(batch))) for batch in batches])
    found = np.empty_like(answers)
    order = np.argsort(rows)
    found[order[np.searchsorted(rows, np.concatenate(batches), sorter=order)]] = answers
    return found


def save_network(network: Network, path: Path) -> None:
    """Write Keras' own file; it holds no optimizer, which would triple its size and serve nobody."""
    network.whole.save(path)
