"""The network: a linear path over hashed features, convolutions over Word2Vec beside it, and a last layer over both.

Wide and deep (Cheng et al. 2016): the linear path memorizes every frequent word, pair and triple; the deep path
generalizes through Word2Vec. Each is trained on its own loss. A last small layer, fitted on validation rows, combines
their logits and calibrates them (stacking, Wolpert 1992).

Two corpora share the deep path up to its last layer and have a head each there, since what an emoticon means and what
people call positive differ. A third head predicts the domain, that is which of the two corpora a text resembles, and
mixes two output layers by it (a mixture of experts, Jacobs et al. 1991).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libs.network.backend import import_keras, import_tensorflow
from libs.network.linear_path import LinearPath
from libs.values.recipe import Recipe
from libs.vectors import Encoded, Vectors

# Names of layers, as the files of releases hold them.
LINEAR_WEIGHTS: Final = "evidence"
HEADS: Final = ("distant", "labelled")  # one corpus alone has the last
DOMAIN_HEAD: Final = "near"
OUTPUT_LAYERS: Final = ("weighing", "weighing_distant")
_VECTOR_SPREAD: Final = 0.1  # standard deviation of the vectors at the start: 0.3 costs a point of accuracy
_PREDICT_ROWS: Final = 1024


@dataclass(frozen=True)
class Network:
    """Keras models that share layers: ``whole`` returns probabilities, ``deep`` the heads' logits from words alone.

    ``paths`` returns the inputs of the output layers.
    """

    whole: Any
    deep: Any
    paths: Any

    @property
    def output_layers(self) -> list[Any]:
        """The last layers, which combine the paths: the one for the labelled corpus' domain, then the distant one's."""
        known = {layer.name: layer for layer in self.whole.layers}
        return [known[name] for name in OUTPUT_LAYERS if name in known]


class PathOutputs(NamedTuple):
    """What the output layers get: ``logits`` [rows, outputs of the linear path and of the heads].

    ``domain`` [rows]: the probability that a text is from the labelled corpus' domain rather than the distant one's.
    """

    logits: NDArray[np.float32]
    domain: NDArray[np.float32] | None = None

    def take(self, rows: NDArray[Any]) -> PathOutputs:
        """Return the chosen rows."""
        return PathOutputs(self.logits[rows], None if self.domain is None else self.domain[rows])


def count_outputs(classes: int) -> int:
    """Return how many logits tell so many classes apart: two need only the log-odds of the second."""
    return 1 if classes == 2 else classes


def build_network(vectors: Vectors, linear: LinearPath, classes: Sequence[int], recipe: Recipe) -> Network:
    """Return the network with the linear path as fitted and the rest untrained.

    ``classes``: how many each corpus has; the network predicts those of the last. Inputs are int32 ``words`` [B, T] and
    ``features`` [B, F]; the output is ``probabilities`` [B, classes].
    """
    keras = import_keras()
    keras.utils.set_random_seed(recipe.seed)
    layers, ops = keras.layers, keras.ops
    words = keras.Input((None,), dtype="int32", name="words")
    features = keras.Input((None,), dtype="int32", name="features")
    hidden = _build_deep_path(keras, words, vectors, recipe)
    names = HEADS[-len(classes) :]
    heads = [layers.Dense(count_outputs(few), name=name)(hidden) for name, few in zip(names, classes, strict=True)]
    logits = layers.Concatenate(name="both")([_apply_linear_path(keras, features, linear), *heads])
    outputs = count_outputs(classes[-1])
    combined = layers.Dense(outputs, name=OUTPUT_LAYERS[0])(logits)
    paths = {"logits": logits}
    if len(heads) > 1:
        heads.append(layers.Dense(1, name=DOMAIN_HEAD)(hidden))
        paths[DOMAIN_HEAD] = ops.sigmoid(heads[-1])
        distant = layers.Dense(outputs, name=OUTPUT_LAYERS[1])(logits)
        combined = distant + paths[DOMAIN_HEAD] * (combined - distant)
    inputs = {"words": words, "features": features}
    return Network(
        keras.Model(inputs, _predict_probabilities(keras, combined), name="sentiment"),
        keras.Model(words, heads[0] if len(heads) == 1 else layers.Concatenate(name="deep")(heads), name="deep_path"),
        keras.Model(inputs, paths, name="paths"),
    )


def _predict_probabilities(keras: Any, logits: Any) -> Any:
    if logits.shape[-1] > 1:
        return keras.layers.Softmax(name="probabilities")(logits)
    positive = keras.ops.sigmoid(logits)
    return keras.layers.Concatenate(name="probabilities")([1.0 - positive, positive])


def _apply_linear_path(keras: Any, features: Any, linear: LinearPath) -> Any:
    layers, ops = keras.layers, keras.ops
    slots, outputs = linear.weights.shape
    fingerprints = ops.floor_divide(features, slots)
    places = features - fingerprints * slots
    # weights=[…] and not an initializer, which would be written into the file as JSON, number by number
    owners = linear.owners[:, None].astype(np.float32)
    owner = layers.Embedding(slots, 1, weights=[owners], trainable=False, name="owners")(places)
    weight = layers.Embedding(slots, outputs, weights=[linear.weights], trainable=False, name=LINEAR_WEIGHTS)(places)
    known = ops.cast(ops.equal(owner, ops.cast(ops.expand_dims(fingerprints, -1), "float32")), "float32")
    return ops.sum(weight * known, axis=1) / ops.sqrt(ops.maximum(ops.sum(known, axis=1), 1.0))


def _build_deep_path(keras: Any, words: Any, vectors: Vectors, recipe: Recipe) -> Any:
    layers, ops = keras.layers, keras.ops
    mask = ops.expand_dims(ops.cast(ops.not_equal(words, 0), "float32"), -1)
    matrix = vectors.matrix * (_VECTOR_SPREAD / max(float(vectors.matrix.std()), 1e-6))
    values = layers.Embedding(*matrix.shape, weights=[matrix], name="vectors")(words)
    values = layers.SpatialDropout1D(recipe.word_dropout, name="forget_dimensions")(values) * mask
    for depth in (1, 2):  # two layers see five words, enough for "not that I would ever like"
        values = (
            layers.Conv1D(recipe.filters, 3, padding="same", activation="relu", name=f"convolution_{depth}")(values)
            * mask
        )
    # Activations are never negative, so the masked maximum is that of the words alone (0 for an empty text).
    length = ops.maximum(ops.sum(mask, axis=1), 1.0)
    pooled = layers.Concatenate(name="pooled")([ops.max(values, axis=1), ops.sum(values, axis=1) / length])
    pooled = layers.Dropout(recipe.dropout, name="forget")(pooled)
    return layers.Dense(64, activation="relu", name="hidden")(pooled)


def predict_rows(network: Network, encoded: Encoded, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return probabilities [rows, classes] in the order of ``rows``."""
    return _gather(lambda batch: network.whole(batch, training=False), encoded, rows)


def predict_deep(network: Network, encoded: Encoded, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the heads' logits [rows, outputs], end to end."""
    return _gather(lambda batch: network.deep(batch["words"], training=False), encoded, rows)


def predict_paths(network: Network, encoded: Encoded, rows: NDArray[np.int64]) -> PathOutputs:
    """Return what the output layers get for the chosen rows."""
    ops = import_keras().ops
    names = list(network.paths.output)

    def call(batch: dict[str, Any]) -> Any:
        answer = network.paths(batch, training=False)
        return ops.concatenate([answer[name] for name in names], axis=1)

    found = _gather(call, encoded, rows)
    return PathOutputs(found[:, :-1], found[:, -1]) if DOMAIN_HEAD in names else PathOutputs(found)


def _gather(predict: Callable[[dict[str, Any]], Any], encoded: Encoded, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    tf = import_tensorflow()
    shape = tf.TensorSpec([None, None], tf.int32)
    call = tf.function(predict, input_signature=[{"words": shape, "features": shape}])
    batches = list(encoded.batches(rows, _PREDICT_ROWS))
    answers = np.concatenate([np.asarray(call(encoded.batch(batch))) for batch in batches])
    found = np.empty_like(answers)
    order = np.argsort(rows)
    found[order[np.searchsorted(rows, np.concatenate(batches), sorter=order)]] = answers
    return found


def save_network(network: Network, path: Path) -> None:
    """Write a ``.keras`` file without the optimizer's state, which would triple its size."""
    network.whole.save(path)
