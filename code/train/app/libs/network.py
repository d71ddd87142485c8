"""The network: Word2Vec's vectors through a convolution, and hashed evidence on a linear path beside it ("wide and deep",
Cheng et al. 2016), trained together. The only place that meets Keras."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from libs.encoded import Encoded
    from libs.recipe import Recipe
    from libs.vectors import Vectors

logger = logging.getLogger(__name__)

FILTERS: Final = 96
_THREADS: Final = 2


class History(NamedTuple):
    """Loss and accuracy of every epoch, on the rows learnt from and on those set aside for watching."""

    loss: list[float]
    watched_loss: list[float]
    watched_accuracy: list[float]


def import_keras() -> Any:
    """Import Keras with TensorFlow quietly, on this product's two threads; seconds the first time."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GLOG_minloglevel", "3")
    with _quiet_stderr():
        import tensorflow as tf
    if not tf.config.list_logical_devices("GPU"):
        try:
            tf.config.threading.set_intra_op_parallelism_threads(_THREADS)
        except RuntimeError:
            logger.debug("TensorFlow has started already and keeps its threads")
    import keras

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


def build_network(vectors: Vectors, classes: int, recipe: Recipe) -> Any:
    """Return the untrained network: int32 ``words`` [B, T] and ``features`` [B, F] to probabilities [B, classes]."""
    keras = import_keras()
    keras.utils.set_random_seed(recipe.seed)
    words = keras.Input((None,), dtype="int32", name="words")
    features = keras.Input((None,), dtype="int32", name="features")
    deep = _read_words(keras, words, vectors, recipe)
    deep = keras.layers.Dense(classes, name="deep_logits")(deep)
    wide = _add_evidence(keras, features, classes, recipe)
    probabilities = keras.layers.Softmax(name="probabilities")(keras.layers.Add(name="logits")([deep, wide]))
    return keras.Model({"words": words, "features": features}, probabilities, name="sentiment")


def _read_words(keras: Any, words: Any, vectors: Vectors, recipe: Recipe) -> Any:
    layers, ops = keras.layers, keras.ops
    mask = ops.expand_dims(ops.cast(ops.not_equal(words, 0), "float32"), -1)
    start = keras.initializers.Constant(vectors.matrix)
    embedded = layers.Embedding(*vectors.matrix.shape, embeddings_initializer=start, name="vectors")(words) * mask
    embedded = layers.SpatialDropout1D(recipe.word_dropout, name="forget_dimensions")(embedded)
    read = layers.Conv1D(FILTERS, 3, padding="same", activation="relu", name="phrases")(embedded)
    highest = ops.max(read * mask, axis=1)  # relu is never below 0, so padding never wins
    mean = ops.sum(read * mask, axis=1) / ops.maximum(ops.sum(mask, axis=1), 1.0)
    pooled = layers.Concatenate(name="pooled")([highest, mean])
    pooled = layers.Dropout(recipe.dropout, name="forget")(pooled)
    return layers.Dense(64, activation="relu", name="judge")(pooled)


def _add_evidence(keras: Any, features: Any, classes: int, recipe: Recipe) -> Any:
    layers, ops = keras.layers, keras.ops
    present = ops.expand_dims(ops.cast(ops.not_equal(features, 0), "float32"), -1)
    weights = layers.Embedding(2**recipe.bucket_bits, classes, embeddings_initializer="zeros", name="evidence")(features)
    count = ops.sum(present, axis=1)
    return ops.sum(weights * present, axis=1) / ops.sqrt(ops.maximum(count, 1.0))


def train_network(
    network: Any,
    encoded: Encoded,
    labels: NDArray[np.int8],
    rows: NDArray[np.int64],
    recipe: Recipe,
    report: Callable[[float, dict[str, float]], None] = lambda _fraction, _figures: None,
) -> History:
    """Train on ``rows`` (indexes into ``encoded``); one in fifty is set aside to watch progress by, and never learnt from.

    ``report`` gets the fraction done and, at each epoch's end, its figures.
    """
    keras = import_keras()
    rng = np.random.default_rng(recipe.seed)
    shuffled = rng.permutation(rows)
    watched, learnt = shuffled[: len(rows) // 50], shuffled[len(rows) // 50 :]
    epochs = choose_epochs(recipe, len(learnt))
    training = _make_batches(keras, encoded, labels, learnt, recipe.batch_size, rng)
    steps = len(training) * epochs
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 10, steps - steps // 10, warmup_target=recipe.learning_rate, warmup_steps=steps // 10, alpha=0.02
    )
    network.compile(
        optimizer=keras.optimizers.Adam(schedule),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
    )
    history = network.fit(
        training,
        validation_data=_make_batches(keras, encoded, labels, watched, 1024, None),
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[_make_listener(keras, steps, report)],
    ).history
    return History(history["loss"], history["val_loss"], history["val_accuracy"])


def choose_epochs(recipe: Recipe, rows: int) -> int:
    """Return the recipe's epochs, or enough for about 600 steps on few rows: at most 10, at least 3."""
    if recipe.epochs is not None:
        return recipe.epochs
    steps = max(rows // recipe.batch_size, 1)
    return min(max(600 // steps, 3), 10)


def predict_rows(network: Any, encoded: Encoded, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return probabilities [rows, classes] in the order of ``rows``."""
    found: NDArray[np.float32] | None = None
    places = {int(row): place for place, row in enumerate(rows)}
    for batch in encoded.batches(rows, 1024):
        answer = np.asarray(network(encoded.batch(batch), training=False))
        if found is None:
            found = np.empty((len(rows), answer.shape[1]), dtype=np.float32)
        found[[places[int(row)] for row in batch]] = answer
    if found is None:
        raise ValueError("there are no rows to predict")
    return found


def save_network(network: Any, path: Path) -> None:
    """Write Keras' own file, without the optimizer's state: it would triple the size and serves nobody."""
    network.compile()
    network.save(path)


def _make_batches(
    keras: Any, encoded: Encoded, labels: NDArray[np.int8], rows: NDArray[np.int64], size: int, rng: Any
) -> Any:
    classes = int(labels.max()) + 1

    class Batches(keras.utils.PyDataset):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__(workers=1, use_multiprocessing=False)
            self.on_epoch_end()

        def __len__(self) -> int:
            return len(self._batches)

        def __getitem__(self, index: int) -> Any:
            batch = self._batches[index]
            return encoded.batch(batch), np.eye(classes, dtype=np.float32)[labels[batch]]

        def on_epoch_end(self) -> None:
            self._batches = list(encoded.batches(rows, size, rng))

    return Batches()


def _make_listener(keras: Any, steps: int, report: Callable[[float, dict[str, float]], None]) -> Any:
    class Listener(keras.callbacks.Callback):  # type: ignore[misc,name-defined]
        done = 0

        def on_train_batch_end(self, _batch: int, logs: Any = None) -> None:
            self.done += 1
            if self.done % 20 == 0:
                report(self.done / steps, {})

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            report(self.done / steps, {"epoch": epoch + 1, **{name: float(value) for name, value in (logs or {}).items()}})

    return Listener()
