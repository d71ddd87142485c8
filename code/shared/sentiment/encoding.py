"""From tokens to the two integer arrays that the network takes.

``words``: rows of the Word2Vec vocabulary (0 pads, 1 stands for a word that is not in it).
``features``: 26-bit hashes of the evidence for the linear path: each word, word pairs and triples, and the letter
n-grams of words that are not in the vocabulary (typos, rare names); 0 pads. Which hashes count, and how much, is the
network's knowledge: it keeps a table of those that were frequent in training and ignores the rest, so that a rare
phrase cannot disturb a frequent one (0.4 points of accuracy against plain hashing into 4 million buckets).
What depends on one word alone is computed once per distinct word and kept as bytes of int32, ready to be joined;
pairs and triples are computed for the whole batch at once.
"""

from __future__ import annotations

from array import array
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
_ITEM: Final = 4  # bytes of an int32
_UINT32: Final = 0xFFFFFFFF
_PAIR: Final = np.uint32(0x9E3779B1)  # odd constants (golden ratio; Murmur3) spread word hashes before they are joined
_TRIPLE: Final = np.uint32(0x85EBCA6B)
_SPREAD: Final = 0xC2B2AE35
_SHORT: Final = 48  # words; beyond, hashing a lone text's phrases all at once is quicker
_KEPT_WORDS: Final = 200_000  # distinct words kept before starting anew: about 70 MB, so memory stays flat for years


class EncodingParameters(BaseModel):
    """What a reader must know to encode as the trainer did; kept in the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = ENCODING_VERSION
    bucket_bits: int = Field(default=26, ge=8, le=30)  # 67 million places for the 10 million n-grams of a million posts
    shortest_letters: int = Field(default=3, ge=1, le=10)
    longest_letters: int = Field(default=5, ge=1, le=10)
    longest_words: int = Field(default=3, ge=1, le=3)


class _Word(NamedTuple):
    row: bytes  # one int32: the row in the vocabulary
    value: int  # the word's 32-bit hash, never 0
    hashed: bytes  # the same as one uint32
    features: bytes  # int32 each: the word itself, then the letter n-grams if the vocabulary lacks it


class Encoder:
    """Turns clean texts into padded arrays; one per loaded release, for any number of threads."""

    def __init__(self, parameters: EncodingParameters, vocabulary: Sequence[str]) -> None:
        """``vocabulary``: words in the order of the rows of ``word2vec.npy``, the two special ones first."""
        self._parameters = parameters
        self._vocabulary: Mapping[str, int] = {word: row for row, word in enumerate(vocabulary)}
        self._words: dict[str, _Word] = {}

    def encode(self, texts: Sequence[CleanText]) -> dict[str, NDArray[np.int32]]:
        """Return ``{"words": [texts, longest], "features": [texts, most]}``, int32, padded with 0."""
        return self.encode_tokens([tokenize(text) for text in texts])

    def encode_tokens(self, texts: Sequence[Sequence[str]]) -> dict[str, NDArray[np.int32]]:
        """As ``encode``, for texts that are tokens already."""
        words = [self._look_up(tokens) for tokens in texts]
        if len(words) == 1 and len(words[0]) <= _SHORT:
            return self._join_short(words[0])
        hashes = _pad([b"".join([word.hashed for word in row]) for row in words]).view(np.uint32)
        own = _pad([b"".join([word.features for word in row]) for row in words])
        return {
            "words": _pad([b"".join([word.row for word in row]) for row in words]),
            "features": np.concatenate([own, *hash_phrases(hashes, self._parameters)], axis=1),
        }

    def _join_short(self, words: list[_Word]) -> dict[str, NDArray[np.int32]]:
        # One post alone: numpy's cost per call is more than that of hashing twenty words' phrases one by one.
        phrases = array("i", hash_short([word.value for word in words], self._parameters))
        features = b"".join([word.features for word in words]) + phrases.tobytes()
        return {"words": _pad([b"".join([word.row for word in words])]), "features": _pad([features])}

    def _look_up(self, tokens: Sequence[str]) -> list[_Word]:
        try:
            return [self._words[token] for token in tokens]
        except KeyError:
            return [self._words.get(token) or self._remember(token) for token in tokens]

    def _remember(self, token: str) -> _Word:
        if len(self._words) >= _KEPT_WORDS:
            self._words = {}
        word = self._words[token] = self._describe(token)
        return word

    def _describe(self, token: str) -> _Word:
        hashed = crc32(token.encode()) or 1
        row = self._vocabulary.get(token, UNKNOWN)
        letters = hash_letters(token, self._parameters) if row == UNKNOWN else []
        dropped = 32 - self._parameters.bucket_bits
        features = [(value * _SPREAD & _UINT32) >> dropped or 1 for value in (hashed, *letters)]
        return _Word(
            array("i", [row]).tobytes(), hashed, array("I", [hashed]).tobytes(), array("i", features).tobytes()
        )


def hash_letters(token: str, parameters: EncodingParameters) -> list[int]:
    """Return a 32-bit hash of each letter n-gram of ``<token>``; marks and emoticons have none."""
    if not token[-1].isalnum():
        return []
    marked = f"<{token}>"
    return [
        crc32(marked[start : start + size].encode(), size)  # seeded: the letters "ing" are not the word "ing"
        for size in range(parameters.shortest_letters, min(parameters.longest_letters, len(marked)) + 1)
        for start in range(len(marked) - size + 1)
    ]


def hash_phrases(hashes: NDArray[np.uint32], parameters: EncodingParameters) -> list[NDArray[np.int32]]:
    """Return the features of word pairs ``[texts, longest - 1]`` and triples ``[texts, longest - 2]``.

    ``hashes``: a uint32 per word ``[texts, longest]``, padded with 0; arithmetic is modulo 2^32.
    """
    phrases = []
    joined = hashes
    dropped = np.uint32(32 - parameters.bucket_bits)
    for size, factor in zip(range(2, parameters.longest_words + 1), (_PAIR, _TRIPLE), strict=False):
        last = hashes[:, size - 1 :]
        joined = joined[:, :-1] * factor + last
        spread = np.maximum((joined * np.uint32(_SPREAD)) >> dropped, np.uint32(1))
        phrases.append(np.where(last != PADDING, spread, PADDING).astype(np.int32))
    return phrases


def hash_short(hashes: Sequence[int], parameters: EncodingParameters) -> list[int]:
    """Return the same features as ``hash_phrases`` for one text, in any order, from its words' hashes."""
    dropped = 32 - parameters.bucket_bits
    features = []
    joined = hashes
    for size, factor in zip(range(2, parameters.longest_words + 1), (int(_PAIR), int(_TRIPLE)), strict=False):
        joined = [(first * factor + last) & _UINT32 for first, last in zip(joined, hashes[size - 1 :], strict=False)]
        features += [(value * _SPREAD & _UINT32) >> dropped or 1 for value in joined]
    return features


def _pad(rows: list[bytes]) -> NDArray[np.int32]:
    width = max(map(len, rows), default=0) or _ITEM
    padded = b"".join([row.ljust(width, b"\0") for row in rows])
    return np.frombuffer(padded, dtype=np.int32).reshape(len(rows), width // _ITEM)
