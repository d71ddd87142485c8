"""Training of the deep path: Adam with warm-up and cosine decay over batches of texts of like length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libs.network.backend import import_keras
from libs.network.examples import LABEL_HEADS, Examples
from libs.network.network import Network, count_outputs
from libs.values.recipe import Recipe

_REPORT_STEPS: Final = 20
_DOMAIN_LOSS_WEIGHT: Final = 0.3  # the domain matters less than the label
_LEAST_STEPS, _MOST_EPOCHS, _LEAST_EPOCHS = 240, 8, 4  # a fourth pass over a million tweets: 0.8444 to 0.8450


class History(NamedTuple):
    """Loss of every epoch on the training rows, loss and accuracy on the validation rows, and how many these are."""

    loss: list[float]
    validation_loss: list[float]
    validation_accuracy: list[float]
    validation_rows: int


class Schedule(NamedTuple):
    """Training and validation rows of a stage, epochs over the former, and the highest learning rate."""

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    epochs: int
    learning_rate: float


def train_deep_path(
    network: Network,
    examples: Examples,
    schedule: Schedule,
    recipe: Recipe,
    report: Callable[[float, dict[str, float]], None],
) -> History:
    """Train the deep path on its own loss; ``report`` gets the fraction done and, at an epoch's end, its figures."""
    keras = import_keras()
    rng = np.random.default_rng(recipe.seed)
    deep = network.deep
    batches = _make_batches(keras, examples, schedule.training, recipe.batch_size, rng)
    steps = len(batches) * schedule.epochs
    optimizer = keras.optimizers.Adam(_make_rate(keras, schedule.learning_rate, steps))
    deep.compile(
        optimizer=optimizer,
        loss=_make_loss(keras, examples.heads),
        weighted_metrics=[_make_accuracy(keras, examples.heads)],
        jit_compile=False,
    )
    history = deep.fit(
        batches,
        validation_data=_make_batches(keras, examples, schedule.validation, 1024, None),
        epochs=schedule.epochs,
        shuffle=False,
        verbose=0,
        callbacks=[_make_listener(keras, steps, report)],
    ).history
    return History(history["loss"], history["val_loss"], history["val_accuracy"], len(schedule.validation))


def choose_epochs(recipe: Recipe, rows: int) -> int:
    """Return the recipe's epochs; unset, 4, or more on few rows (up to 8) so that there are 240 steps."""
    if recipe.epochs is not None:
        return recipe.epochs
    steps = max(rows // recipe.batch_size, 1)
    return int(np.clip(-(-_LEAST_STEPS // steps), _LEAST_EPOCHS, _MOST_EPOCHS))


def _make_rate(keras: Any, rate: float, steps: int) -> Any:
    warm_up = max(steps // 10, 1)
    return keras.optimizers.schedules.CosineDecay(
        rate / 10, max(steps - warm_up, 1), warmup_target=rate, warmup_steps=warm_up, alpha=0.02
    )


def _make_loss(keras: Any, heads: Sequence[int]) -> Any:
    """Return the loss: the sum of the heads' cross-entropies, without those whose target is ``MASKED``."""
    ops = keras.ops

    def cross_entropy(targets: Any, logits: Any) -> Any:
        total = 0.0
        for place, (target, logit) in enumerate(_split_heads(ops, heads, targets, logits)):
            loss = -ops.sum(ops.where(target >= 0, target * ops.log_softmax(logit, axis=-1), 0.0), axis=-1)
            total = total + (loss if place < LABEL_HEADS else _DOMAIN_LOSS_WEIGHT * loss)
        return total

    return cross_entropy


def _make_accuracy(keras: Any, heads: Sequence[int]) -> Any:
    """Return the accuracy by the label head whose target is not ``MASKED``."""
    ops = keras.ops

    def accuracy(targets: Any, logits: Any) -> Any:
        hits = 0.0
        for target, logit in _split_heads(ops, heads, targets, logits)[:LABEL_HEADS]:
            hit = ops.equal(ops.argmax(logit, axis=-1), ops.argmax(target, axis=-1))
            hits = hits + ops.cast(ops.logical_and(target[:, 0] >= 0, hit), "float32")
        return hits

    return accuracy


def _split_heads(ops: Any, heads: Sequence[int], targets: Any, logits: Any) -> list[tuple[Any, Any]]:
    """Return targets and logits [batch, classes] of each head."""
    found = []
    first_target = first_logit = 0
    for classes in heads:
        outputs = count_outputs(classes)
        own = logits[:, first_logit : first_logit + outputs]
        if outputs == 1:  # the log-odds of the second class: the first one's logit is 0
            own = ops.concatenate([ops.zeros_like(own), own], axis=-1)
        found.append((targets[:, first_target : first_target + classes], own))
        first_target, first_logit = first_target + classes, first_logit + outputs
    return found


def _make_batches(
    keras: Any, examples: Examples, rows: NDArray[np.int64], size: int, rng: np.random.Generator | None
) -> Any:
    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(workers=1, use_multiprocessing=False, max_queue_size=20)
            self.on_epoch_end()

        def __len__(self) -> int:
            return len(self._batches)

        def __getitem__(self, index: int) -> Any:
            batch = self._batches[index]
            words = examples.encoded.words.pad(batch)
            if index == 0 and len(self._batches) > 1:
                words = self._widen(words)
            return words, examples.targets[batch], examples.weights[batch]

        def _widen(self, words: NDArray[np.int32]) -> NDArray[np.int32]:
            # Keras assumes a width that its first two batches share for all batches, and refuses other widths later.
            second = int(examples.encoded.words.lengths(self._batches[1]).max(initial=1))
            return np.pad(words, ((0, 0), (0, max(second + 1 - words.shape[1], 0))))

        def on_epoch_end(self) -> None:
            self._batches = list(examples.encoded.batches(rows, size, rng))

    return Batches()


def _make_listener(keras: Any, steps: int, report: Callable[[float, dict[str, float]], None]) -> Any:
    class Listener(keras.callbacks.Callback):  # type: ignore[misc]
        done = 0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 - named by Keras
            self.done += 1
            if self.done % _REPORT_STEPS == 0:
                report(self.done / steps, {})

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            figures = {name: round(float(value), 5) for name, value in (logs or {}).items()}
            report(self.done / steps, {"epoch": epoch + 1, **figures})

    return Listener()
