"""The rows of a corpus that a run trains on, and those of them that it sets aside for validation."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_MOST_VALIDATION_ROWS: Final = 20_000
_VALIDATION_SHARE: Final = 0.05
_LEAST_VALIDATION_ROWS: Final = 400  # if that is no more than a fifth of the rows


class Split(NamedTuple):
    """Row numbers within one corpus, each in shuffled order; no held-out row is among them.

    The network's weights are fitted on ``training``. ``validation`` shows its progress, and its last layer, which
    combines and calibrates the two paths, is fitted on it.
    """

    training: NDArray[np.int64]
    validation: NDArray[np.int64]

    @property
    def chosen(self) -> NDArray[np.int64]:
        """All rows that the run may use, in the corpus' order: those for training and those for validation."""
        return np.sort(np.concatenate([self.training, self.validation]))


def choose_rows(available: NDArray[np.int64], most: int | None, seed: int) -> NDArray[np.int64]:
    """Return the row numbers ``available``, or ``most`` of them drawn by ``seed``, in their order."""
    if most is None or most >= len(available):
        return available
    return np.sort(np.random.default_rng(seed).choice(available, most, replace=False))


def split_rows(rows: NDArray[np.int64], rng: np.random.Generator) -> Split:
    """Shuffle ``rows`` and set a twentieth of them aside for validation: at least 400 if there are 2,000, at most 20,000."""
    shuffled = rng.permutation(rows)
    least = min(_LEAST_VALIDATION_ROWS, len(rows) // 5)
    count = min(max(int(len(rows) * _VALIDATION_SHARE), least), _MOST_VALIDATION_ROWS)
    return Split(training=shuffled[count:], validation=shuffled[:count])
