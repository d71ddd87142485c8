"""Which hyperparameters a search varies, and how far: around the defaults, within the recipe's own bounds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

_DIGITS: Final = 3  # significant ones: enough to retype, and finer than any difference that can be measured


class Span(NamedTuple):
    """Numbers from ``low`` to ``high``: whole ones when both ends are, in steps when there is a ``step``, else by ratio."""

    low: float
    high: float
    step: float | None = None


# ``epochs`` is not here: unset, it follows from the number of rows, and --set epochs=N settles it for a whole search.
SPACE: Final[Mapping[str, Span | tuple[int, ...]]] = {
    "linear_penalty": Span(0.03, 3.0),
    "vector_size": (32, 64, 96, 128),
    "vector_window": Span(3, 8),
    "vector_epochs": Span(2, 8),
    "least_word_count": Span(2, 10),
    "filters": (64, 128, 192),
    "word_dropout": Span(0.0, 0.4, 0.05),
    "dropout": Span(0.1, 0.6, 0.05),
    "batch_size": (256, 512, 1024),
    "learning_rate": Span(0.0005, 0.005),
    "label_smoothing": Span(0.0, 0.15, 0.01),
}


def suggest(trial: Any, settled: Collection[str]) -> dict[str, Any]:
    """Return values for one attempt, but for hyperparameters that are ``settled``. ``trial``: Optuna's."""
    return {name: _suggest(trial, name, range_) for name, range_ in SPACE.items() if name not in settled}


def _suggest(trial: Any, name: str, among: Span | tuple[int, ...]) -> Any:
    if not isinstance(among, Span):
        return trial.suggest_categorical(name, among)
    if among.step is None and isinstance(among.low, int):
        return trial.suggest_int(name, among.low, among.high)
    if among.step is None:
        return float(f"{trial.suggest_float(name, among.low, among.high, log=True):.{_DIGITS}g}")
    return round(trial.suggest_float(name, among.low, among.high, step=among.step), 6)
