"""The network's log-odds for parts of a text, from which ``explanation`` derives what each part contributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sentiment.model.classifier import Classifier
from sentiment.text.encoding import PADDING

_CELLS: Final = 8192  # words of one run, padding included: memory stays as flat as with predictions
_SMALLEST: Final = 1e-12  # stands for a probability that is 0 in 32 bits
_CLEARLY: Final = 1e-3  # of the strongest feature; single precision leaves a thousandth of that
_NONE: Final = np.zeros((1, 1), dtype=np.int32)


class NetworkProbe:
    """Measures log(P(positive)/P(negative)) for any words with any features."""

    def __init__(self, classifier: Classifier) -> None:
        """Ask ``classifier``, which a request holds for itself while others are swapped in."""
        self._classifier = classifier

    def measure(self, words: NDArray[np.int32], features: NDArray[np.int32] = _NONE) -> NDArray[np.float64]:
        """Return one number for each row of the longer of ``words`` and ``features``; the other is repeated."""
        words, features = np.atleast_2d(words), np.atleast_2d(features)
        rows = max(len(words), len(features))
        size = max(1, _CELLS // (words.shape[1] + features.shape[1]))
        spans = [(start, min(start + size, rows)) for start in range(0, rows, size)]
        found = [
            self._classifier.run({"words": _repeat(words, *span), "features": _repeat(features, *span)})
            for span in spans
        ]
        probabilities = np.maximum(np.concatenate(found).astype(np.float64), _SMALLEST)
        odds: NDArray[np.float64] = np.log(probabilities[:, -1] / probabilities[:, 0])
        return odds


def _repeat(rows: NDArray[np.int32], start: int, end: int) -> NDArray[np.int32]:
    return rows[start:end] if len(rows) > 1 else np.repeat(rows, end - start, axis=0)


def pad_rows(rows: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Return rows of different lengths as ``[rows, longest]``, at least one column wide."""
    padded = np.full((len(rows), max(1, *map(len, rows))), PADDING, dtype=np.int32)
    for place, row in enumerate(rows):
        padded[place, : len(row)] = row
    return padded


def find_known(probe: NetworkProbe, features: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return those of ``features`` that the network knows, each once.

    One that changes the answer is known. One that changes nothing may be known with a weight of 0: beside the
    strongest, it then lowers that one's part to the root of a half, since what is known shares the sum.
    """
    distinct = np.unique(features)
    nothing = probe.measure(_NONE)
    alone = probe.measure(_NONE, distinct[:, np.newaxis]) - nothing
    strongest = np.abs(alone).argmax()
    beside = np.stack([np.full_like(distinct, distinct[strongest]), distinct], axis=1)
    together = probe.measure(_NONE, beside) - nothing
    shared, unshared = (alone + alone[strongest]) / np.sqrt(2), alone[strongest]
    clearly = np.abs(alone) > _CLEARLY * np.abs(unshared)
    known: NDArray[np.int32] = distinct[clearly | (np.abs(together - shared) < np.abs(together - unshared))]
    return known
