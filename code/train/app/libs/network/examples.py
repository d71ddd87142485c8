"""What the deep path learns from: encoded texts with soft targets for each head; a label leaves other heads open."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libs.corpus.corpora import Corpora
from libs.vectors.encoded import Encoded

OPEN: Final = -1.0
"""The target of a head that a row says nothing about: an emoticon does not tell what people would call the text."""
LABELS: Final = 2  # of the heads, the first so many learn labels; the last of three, whose kind of text it is
_KINDS: Final = 2


class Examples(NamedTuple):
    """``targets`` float32 [texts, sum of heads]: for each head shares of belief in its classes that sum to 1, or ``OPEN``.

    ``heads``: how many classes each head tells apart, in the order of the network's.
    """

    encoded: Encoded
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    heads: tuple[int, ...]


def make_examples(encoded: Encoded, corpora: Corpora, smoothing: float) -> Examples:
    """Return every corpus' rows, each with targets for its own head, and for the one that tells two corpora apart."""
    classes = [len(corpus.classes) for corpus in corpora.all]
    targets, weights = [], []
    for place, corpus in enumerate(corpora.all):
        own = [
            soften(corpus.labels, few, smoothing) if head == place else _leave_open(len(corpus.labels), few)
            for head, few in enumerate(classes)
        ]
        if len(classes) > 1:
            own.append(soften(np.full(len(corpus.labels), place, dtype=np.int8), _KINDS, 0.0))
        targets.append(np.concatenate(own, axis=1))
        # Rows learnt from a second time, beside people's, must not drown these.
        weights.append(balance(corpus.labels) if place and len(classes) > 1 else _ones(len(corpus.labels)))
    heads = (*classes, _KINDS) if len(classes) > 1 else tuple(classes)
    return Examples(encoded, np.concatenate(targets), np.concatenate(weights), heads)


def soften(labels: NDArray[np.int8], classes: int, smoothing: float) -> NDArray[np.float32]:
    """Return targets [rows, classes]: 1 - smoothing for the label, the rest spread evenly over all classes."""
    targets = np.full((len(labels), classes), smoothing / classes, dtype=np.float32)
    targets[np.arange(len(labels)), labels] += 1 - smoothing
    return targets


def balance(labels: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return a weight per row by which every label weighs the same; their mean is 1."""
    counts = np.bincount(labels)
    return (len(labels) / (np.count_nonzero(counts) * counts[labels])).astype(np.float32)


def _leave_open(rows: int, classes: int) -> NDArray[np.float32]:
    return np.full((rows, classes), OPEN, dtype=np.float32)


def _ones(rows: int) -> NDArray[np.float32]:
    return np.ones(rows, dtype=np.float32)
