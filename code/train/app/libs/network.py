"""The network: frequent evidence on a linear path, Word2Vec through convolutions beside it, weighed at the end.

Wide and deep (Cheng et al. 2016). The linear path knows every frequent word, pair and triple; the deep path generalises
through Word2Vec. Each learns from its own loss, so that neither leans on the other, and a last small layer, fitted on
rows that neither has seen, weighs and calibrates both. The only place that meets Keras.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from libs.encoded import Encoded
    from libs.linear_path import LinearPath
    from libs.recipe import Recipe
    from libs.vectors import Vectors

EVIDENCE, DEEP = "evidence", "deep"
_THREADS: Final = 2
_VECTOR_SPREAD: Final = 0.1  # standard deviation of the vectors at the start: 0.3 costs a point of accuracy
_PREDICT_ROWS: Final = 1024


@dataclass(frozen=True)
class Network:
    """``whole`` answers probabilities; ``paths`` the logits {"wide", "deep"} before weighing; both share all weights."""

    whole: Any
    paths: Any

    @property
    def weighing(self) -> Any:
        """The last layer, which weighs the paths."""
        return self.whole.get_layer("weighing")


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


def build_network(vectors: Vectors, linear: LinearPath, classes: int, recipe: Recipe) -> Network:
    """Return the network with the linear path as fitted and the rest untrained.

    Inputs are int32 ``words`` [B, T] and ``features`` [B, F]; the output is ``probabilities`` [B, classes].
    """
    keras = import_keras()
    keras.utils.set_random_seed(recipe.seed)
    layers, ops = keras.layers, keras.ops
    words = keras.Input((None,), dtype="int32", name="words")
    features = keras.Input((None,), dtype="int32", name="features")
    wide = _sum_evidence(keras, features, linear)
    outputs = 1 if classes == 2 else classes
    deep = layers.Dense(outputs, name=DEEP)(_read_words(keras, words, vectors, recipe))
    weighed = layers.Dense(outputs, name="weighing")(layers.Concatenate(name="both")([wide, deep]))
    if outputs == 1:
        positive = ops.sigmoid(weighed)
        probabilities = layers.Concatenate(name="probabilities")([1.0 - positive, positive])
    else:
        probabilities = layers.Softmax(name="probabilities")(weighed)
    inputs = {"words": words, "features": features}
    return Network(
        keras.Model(inputs, probabilities, name="sentiment"),
        keras.Model(inputs, {"wide": wide, "deep": deep}, name="paths"),
    )


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
    return _gather(network.whole, encoded, rows, np.asarray)


def predict_paths(network: Network, encoded: Encoded, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the logits of both paths [rows, wide and deep outputs], as the weighing layer gets them."""
    return _gather(
        network.paths, encoded, rows, lambda answer: np.concatenate([answer["wide"], answer["deep"]], axis=1)
    )


def _gather(model: Any, encoded: Encoded, rows: NDArray[np.int64], take: Any) -> NDArray[np.float32]:
    import tensorflow as tf

    shape = tf.TensorSpec([None, None], tf.int32)
    call = tf.function(
        lambda inputs: model(inputs, training=False), input_signature=[{"words": shape, "features": shape}]
    )
    order = np.argsort(encoded.features.lengths(rows), kind="stable")
    starts = range(0, len(rows), _PREDICT_ROWS)
    parts = [take(call(encoded.batch(rows[order[start : start + _PREDICT_ROWS]]))) for start in starts]
    found = np.empty((len(rows), parts[0].shape[1]), dtype=np.float32)
    found[order] = np.concatenate(parts)
    return found


def save_network(network: Network, path: Path) -> None:
    """Write Keras' own file; it holds no optimizer, which would triple its size and serve nobody."""
    network.whole.save(path)
