"""Split texts into batches for the network, by length: padding costs time, and so does each run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sentiment.text.encoding import Pieces

MOST_TEXTS: Final = 64
MOST_BYTES: Final = MOST_TEXTS * 1024
"""Of looked-up words and letters, padding included: a long text runs alone, so that memory stays flat."""
_WORD_BYTES: Final = 8
_WORTH_A_RUN: Final = 64 * _WORD_BYTES
"""Padding that costs about as much as one more run of the network: 40 µs and 0.4 to 1.2 µs a word were measured."""


def split_batches(texts: Sequence[Pieces]) -> Iterator[list[int]]:
    """Yield the places of ``texts`` in batches of like length, each place once."""
    if len(texts) == 1:
        yield [0]
        return
    order = sorted(range(len(texts)), key=lambda place: len(texts[place].words))
    batch: list[int] = []
    longest = widest = padding = 0
    for place in order:
        words, letters = texts[place]
        padding += len(batch) * (len(words) - longest)  # those before are padded to this one's length
        longest, widest = len(words), max(widest, len(letters))
        full = len(batch) == MOST_TEXTS or (len(batch) + 1) * (longest + widest) > MOST_BYTES
        if batch and (full or padding > _WORTH_A_RUN):
            yield batch
            batch, widest, padding = [], len(letters), 0
        batch.append(place)
    if batch:
        yield batch
