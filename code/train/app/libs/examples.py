"""What a network learns from: encoded texts with soft targets; a label can leave classes open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from libs.encoded import Encoded

OPEN: Final = -1.0
"""The target of a class that a label says nothing about: an emoticon tells positive from negative, never from neutral."""


class Examples(NamedTuple):
    """``targets`` float32 [texts, classes]: shares of belief that sum to 1 over the classes that are not ``OPEN``."""

    encoded: Encoded
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        """How many texts."""
        return len(self.targets)


def soften(labels: NDArray[np.int8], named: Sequence[int], classes: int, smoothing: float) -> NDArray[np.float32]:
    """Return targets for labels that can only be one of ``named``: 1 - smoothing for the label, the rest spread evenly."""
    targets = np.full((len(labels), classes), OPEN, dtype=np.float32)
    targets[:, list(named)] = smoothing / len(named)
    targets[np.arange(len(labels)), labels] += 1 - smoothing
    return targets


def balance(labels: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return a weight per row by which every label weighs the same; their mean is 1."""
    counts = np.bincount(labels)
    return (len(labels) / (np.count_nonzero(counts) * counts[labels])).astype(np.float32)
