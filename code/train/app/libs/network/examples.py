"""Training examples of the deep path: encoded texts with soft targets for each head; a row masks the heads of others."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libs.corpus import Corpora
from libs.vectors import Encoded

MASKED: Final = -1.0
"""The target of a head that a row adds nothing to the loss of: an emoticon is no label that a person would give."""
LABEL_HEADS: Final = 2  # of three heads, the first two predict labels and the last the domain
_DOMAINS: Final = 2


class Examples(NamedTuple):
    """``targets`` float32 [texts, sum of heads]: for each head probabilities that sum to 1, or ``MASKED``.

    ``weights``: float32 [texts], of each row in the loss. ``heads``: how many classes each head of the network has, in
    their order.
    """

    encoded: Encoded
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    heads: tuple[int, ...]


def make_examples(encoded: Encoded, corpora: Corpora, smoothing: float) -> Examples:
    """Return every corpus' rows with smoothed targets for their own head, and for the domain head if there are two corpora."""
    classes = [len(corpus.classes) for corpus in corpora.all]
    targets, weights = [], []
    for place, corpus in enumerate(corpora.all):
        own = [
            smooth_labels(corpus.labels, count, smoothing) if head == place else _mask(len(corpus.labels), count)
            for head, count in enumerate(classes)
        ]
        if len(classes) > 1:
            own.append(smooth_labels(np.full(len(corpus.labels), place, dtype=np.int8), _DOMAINS, 0.0))
        targets.append(np.concatenate(own, axis=1))
        # In the second stage, beside distant rows, a rare label's rows must not be outweighed.
        weights.append(balance_labels(corpus.labels) if place and len(classes) > 1 else _ones(len(corpus.labels)))
    heads = (*classes, _DOMAINS) if len(classes) > 1 else tuple(classes)
    return Examples(encoded, np.concatenate(targets), np.concatenate(weights), heads)


def smooth_labels(labels: NDArray[np.int8], classes: int, smoothing: float) -> NDArray[np.float32]:
    """Return targets [rows, classes]: 1 - smoothing for the label, the rest spread evenly over all classes."""
    targets = np.full((len(labels), classes), smoothing / classes, dtype=np.float32)
    targets[np.arange(len(labels)), labels] += 1 - smoothing
    return targets


def balance_labels(labels: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return a weight per row by which every label weighs the same; their mean is 1."""
    counts = np.bincount(labels)
    return (len(labels) / (np.count_nonzero(counts) * counts[labels])).astype(np.float32)


def _mask(rows: int, classes: int) -> NDArray[np.float32]:
    return np.full((rows, classes), MASKED, dtype=np.float32)


def _ones(rows: int) -> NDArray[np.float32]:
    return np.ones(rows, dtype=np.float32)
