"""From tokens to the two integer arrays that the network takes.

``words``: rows of the Word2Vec vocabulary (0 pads, 1 stands for a word that is not in it).
``features``: hashed evidence for the linear path: each word, its letter n-grams, word pairs and triples; 0 pads.
Everything that depends on one word alone is computed once per distinct word and kept (the hashing trick, Weinberger
et al. 2009; letter n-grams inside boundary marks as in fastText, Bojanowski et al. 2017).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from sentiment.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sentiment.cleaning import CleanText

ENCODING_VERSION: Final = 1
PADDING: Final = 0
UNKNOWN: Final = 1
SPECIAL_WORDS: Final = ("<padding>", "<unknown>")
_PAIR: Final = 0x9E3779B1  # odd 32-bit constants (golden ratio; Murmur3) spread word hashes before they are combined
_TRIPLE: Final = 0x85EBCA6B
_KEPT_WORDS: Final = 200_000  # distinct words kept before starting anew: about 100 MB, so memory stays flat for years


class EncodingParameters(BaseModel):
    """What a reader must know to encode as the trainer did; kept in the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = ENCODING_VERSION
    bucket_bits: int = Field(default=19, ge=8, le=24)
    shortest_letters: int = Field(default=3, ge=1, le=10)
    longest_letters: int = Field(default=5, ge=1, le=10)
    longest_words: int = Field(default=3, ge=1, le=3)


class _Word(NamedTuple):
    row: int
    hashed: int
    features: NDArray[np.int32]


class Encoder:
    """Turns clean texts into padded arrays; one per loaded release."""

    def __init__(self, parameters: EncodingParameters, vocabulary: Sequence[str]) -> None:
        """``vocabulary``: words in the order of the rows of ``word2vec.npy``, the two special ones first."""
        self._parameters = parameters
        self._rows: Mapping[str, int] = {word: row for row, word in enumerate(vocabulary)}
        self._mask = (1 << parameters.bucket_bits) - 1
        self._words: dict[str, _Word] = {}

    def encode(self, texts: Sequence[CleanText]) -> dict[str, NDArray[np.int32]]:
        """Return ``{"words": [texts, longest], "features": [texts, most]}``, int32, padded with 0 to at least one column."""
        encoded = [self._encode_text(text) for text in texts]
        return {"words": _pad([rows for rows, _ in encoded]), "features": _pad([features for _, features in encoded])}

    def _encode_text(self, text: CleanText) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        words = [self._look_up(token) for token in tokenize(text)]
        rows = np.array([word.row for word in words], dtype=np.int32)
        phrases = np.array(self._hash_phrases([word.hashed for word in words]), dtype=np.int32)
        return rows, np.concatenate([*(word.features for word in words), phrases])

    def _hash_phrases(self, hashes: list[int]) -> list[int]:
        mask, longest = self._mask, self._parameters.longest_words
        pairs = [(first * _PAIR + second) & 0xFFFFFFFF for first, second in pairwise(hashes)]
        buckets = [_bucket(pair, mask) for pair in pairs] if longest > 1 else []
        if longest > 2:
            triples = zip(pairs, hashes[2:], strict=False)
            buckets += [_bucket((pair * _TRIPLE + third) & 0xFFFFFFFF, mask) for pair, third in triples]
        return buckets

    def _look_up(self, token: str) -> _Word:
        word = self._words.get(token)
        if word is None:
            if len(self._words) >= _KEPT_WORDS:
                self._words.clear()
            word = self._words[token] = self._make_word(token)
        return word

    def _make_word(self, token: str) -> _Word:
        hashed = crc32(token.encode())
        marked = f"<{token}>"
        shortest, longest = self._parameters.shortest_letters, self._parameters.longest_letters
        grams = [
            crc32(marked[start : start + size].encode(), 0xFFFFFFFF)
            for size in range(shortest, longest + 1)
            for start in range(len(marked) - size + 1)
        ]
        features = np.array([_bucket(value, self._mask) for value in (hashed, *grams)], dtype=np.int32)
        return _Word(self._rows.get(token, UNKNOWN), hashed, features)


def _bucket(value: int, mask: int) -> int:
    # Fold the high bits in (crc32 of short strings differs mostly there); 0 is padding, so bucket 0 becomes 1.
    return ((value ^ (value >> 15)) & mask) or 1


def _pad(rows: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    padded = np.zeros((len(rows), max((len(row) for row in rows), default=0) or 1), dtype=np.int32)
    for target, row in zip(padded, rows, strict=True):
        target[: len(row)] = row
    return padded
