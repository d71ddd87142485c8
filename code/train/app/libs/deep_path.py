"""Training of the deep path: Adam with warm-up and cosine decay over batches of texts of like length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from libs.network import DEEP, import_keras

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from libs.examples import Examples
    from libs.network import Network
    from libs.recipe import Recipe

_REPORT_STEPS: Final = 20
_LEAST_STEPS, _MOST_EPOCHS, _LEAST_EPOCHS = 240, 8, 4  # a fourth pass over a million tweets: 0.8444 to 0.8450


class History(NamedTuple):
    """Loss of every epoch on the rows learnt from, and loss and accuracy on those set aside."""

    loss: list[float]
    watched_loss: list[float]
    watched_accuracy: list[float]


class Plan(NamedTuple):
    """Rows to learn from and rows to watch progress by, passes over the former, and the optimizer's largest step."""

    learnt: NDArray[np.int64]
    watched: NDArray[np.int64]
    epochs: int
    rate: float


def train_deep_path(
    network: Network, examples: Examples, plan: Plan, recipe: Recipe, report: Callable[[float, dict[str, float]], None]
) -> History:
    """Train the deep path alone on its own loss; ``report`` gets the fraction done and, at an epoch's end, its figures."""
    keras = import_keras()
    rng = np.random.default_rng(recipe.seed)
    deep = keras.Model(network.whole.input["words"], network.whole.get_layer(DEEP).output, name="deep_path")
    batches = _make_batches(keras, examples, plan.learnt, recipe.batch_size, rng)
    steps = len(batches) * plan.epochs
    optimizer = keras.optimizers.Adam(_schedule(keras, plan.rate, steps))
    deep.compile(
        optimizer=optimizer, loss=_make_loss(keras), weighted_metrics=[_make_accuracy(keras)], jit_compile=False
    )
    history = deep.fit(
        batches,
        validation_data=_make_batches(keras, examples, plan.watched, 1024, None),
        epochs=plan.epochs,
        shuffle=False,
        verbose=0,
        callbacks=[_make_listener(keras, steps, report)],
    ).history
    return History(history["loss"], history["val_loss"], history["val_accuracy"])


def choose_epochs(recipe: Recipe, rows: int) -> int:
    """Return the recipe's epochs; unset, 4, or more on few rows (up to 8) so that there are 240 steps."""
    if recipe.epochs is not None:
        return recipe.epochs
    steps = max(rows // recipe.batch_size, 1)
    return int(np.clip(-(-_LEAST_STEPS // steps), _LEAST_EPOCHS, _MOST_EPOCHS))


def _schedule(keras: Any, rate: float, steps: int) -> Any:
    warm_up = max(steps // 10, 1)
    return keras.optimizers.schedules.CosineDecay(
        rate / 10, max(steps - warm_up, 1), warmup_target=rate, warmup_steps=warm_up, alpha=0.02
    )


def _make_loss(keras: Any) -> Any:
    """Return cross-entropy over the classes that a target does not leave open (``libs.examples.OPEN``)."""
    ops = keras.ops

    def cross_entropy(targets: Any, logits: Any) -> Any:
        said = targets >= 0
        chances = ops.log_softmax(ops.where(said, _all_logits(ops, logits), -1e9), axis=-1)
        return -ops.sum(ops.where(said, targets * chances, 0.0), axis=-1)

    return cross_entropy


def _make_accuracy(keras: Any) -> Any:
    """Return the share of texts whose likeliest class, of those not left open, is the target's."""
    ops = keras.ops

    def accuracy(targets: Any, logits: Any) -> Any:
        chosen = ops.argmax(ops.where(targets >= 0, _all_logits(ops, logits), -1e9), axis=-1)
        return ops.cast(ops.equal(chosen, ops.argmax(targets, axis=-1)), "float32")

    return accuracy


def _all_logits(ops: Any, logits: Any) -> Any:
    # Two classes have one output, the log-odds of POSITIVE: the other's logit is 0.
    return ops.concatenate([ops.zeros_like(logits), logits], axis=-1) if logits.shape[-1] == 1 else logits


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
            # Keras takes a width that its first two batches share for that of all, and refuses the others later.
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
