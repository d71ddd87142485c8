"""Encode tokens as the two integer arrays that the network takes.

``words``: rows of the Word2Vec vocabulary (0 pads, 1 stands for a word that is not in it).
``features``: 26-bit hashes of the evidence for the linear path: each word, word pairs and triples, and the letter
n-grams of words that are not in the vocabulary (typos, rare names); 0 pads. Which hashes count, and how much, is the
network's knowledge: it keeps a table of those that were frequent in training and ignores the rest, so that a rare
phrase cannot disturb a frequent one (0.4 points of accuracy against plain hashing into 4 million buckets).
What depends on a word alone is computed once for each distinct piece of text between two spaces and kept as bytes,
ready to be joined; the rest is computed for a whole batch at once.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from sentiment.text.cleaning import CleanText
from sentiment.text.tokens import tokenize

ENCODING_VERSION: Final = 1
PADDING: Final = 0
UNKNOWN: Final = 1
SPECIAL_WORDS: Final = ("<padding>", "<unknown>")
_ONE: Final = np.uint32(1)
_PAIR: Final = np.uint32(0x9E3779B1)  # odd constants (golden ratio; Murmur3) spread word hashes before they are joined
_TRIPLE: Final = np.uint32(0x85EBCA6B)
_SPREAD: Final = np.uint32(0xC2B2AE35)
_LIKE_ZERO: Final = pow(int(_SPREAD), -1, 2**32)  # becomes the feature that a hash of 0 would, but is no padding
_KEPT_PIECES: Final = 100_000  # distinct pieces kept before starting anew: about 40 MB, so memory stays flat for years
_LONGEST_KEPT: Final = 32  # characters; longer ones hardly come twice, and could be 10,000 characters
_WORD: Final = Struct("=iI")  # row and hash


class EncodingParameters(BaseModel):
    """What a reader must know to encode as the trainer did; kept in the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = ENCODING_VERSION
    bucket_bits: int = Field(default=26, ge=8, le=30)  # 67 million places for the 10 million n-grams of a million posts
    shortest_letters: int = Field(default=3, ge=1, le=10)
    longest_letters: int = Field(default=5, ge=1, le=10)
    longest_words: int = Field(default=3, ge=1, le=3)


class Pieces(NamedTuple):
    """Words of a piece of text, or of a whole one, looked up one by one: what depends on no neighbour."""

    words: bytes
    """For each word its row in the vocabulary (int32) and its hash (uint32, never 0)."""
    letters: bytes
    """A hash (uint32, never 0) of each letter n-gram of the words that the vocabulary lacks."""


class Evidence(NamedTuple):
    """Features of the same words: of one and its letter n-grams, or of a pair or triple."""

    words: range
    features: NDArray[np.int32]


class Encoder:
    """Turns clean texts into padded arrays; one per loaded release, safe for any number of threads."""

    def __init__(self, parameters: EncodingParameters, vocabulary: Sequence[str]) -> None:
        """``vocabulary``: words in the order of the rows of ``word2vec.npy``, the two special ones first."""
        self._parameters = parameters
        self._dropped = np.uint32(32 - parameters.bucket_bits)
        self._vocabulary: Mapping[str, int] = {word: row for row, word in enumerate(vocabulary)}
        self._tokens = _Kept(self._describe)
        self._pieces = _Kept(lambda piece: self._join_tokens(tokenize(CleanText(piece))))

    def encode(self, texts: Sequence[CleanText]) -> dict[str, NDArray[np.int32]]:
        """Return ``{"words": [texts, longest], "features": [texts, most]}``, int32, padded with 0."""
        return self.lay_out([self.look_up(text) for text in texts])

    def encode_tokens(self, texts: Sequence[Sequence[str]]) -> dict[str, NDArray[np.int32]]:
        """As ``encode``, for texts that are tokens already."""
        return self.lay_out([self._join_tokens(tokens) for tokens in texts])

    def list_evidence(self, tokens: Sequence[str]) -> list[Evidence]:
        """Return the features of ``tokens`` by the words they belong to, in order of the first word, without padding."""
        alone = [self.encode_tokens([[token]])["features"][0] for token in tokens]
        found = [Evidence(range(place, place + 1), features) for place, features in enumerate(alone)]
        together, start = self.encode_tokens([tokens])["features"][0], len(tokens)
        for size in range(2, self._parameters.longest_words + 1):
            spans = [range(place, place + size) for place in range(len(tokens) - size + 1)]
            found += [Evidence(span, together[start + span.start :][:1]) for span in spans]
            start += len(spans)
        return sorted(found, key=lambda evidence: evidence.words.start)

    def look_up(self, text: CleanText) -> Pieces:
        """Return a text's words looked up one by one: no token reaches across a space."""
        return _join([self._pieces[piece] for piece in text.lower().split()])

    def lay_out(self, texts: Sequence[Pieces]) -> dict[str, NDArray[np.int32]]:
        """Return the arrays of ``encode`` for texts that were looked up."""
        if len(texts) == 1 and texts[0].words:
            return self._lay_out_one(texts[0])
        words = _pad([text.words for text in texts], _WORD.size).reshape(len(texts), -1, 2)
        rows, hashes = words[:, :, 0], words[:, :, 1]
        letters = _pad([text.letters for text in texts], 0)
        features = self._spread(np.concatenate([*hash_phrases(hashes, self._parameters), letters], axis=1))
        features *= self._find_features(hashes, letters)
        return {"words": rows.astype(np.int32), "features": features}

    def _lay_out_one(self, text: Pieces) -> dict[str, NDArray[np.int32]]:
        # Nothing is padded, and each call of numpy that is spared is a tenth of the time.
        words = np.frombuffer(text.words, np.uint32).reshape(-1, 2)
        letters = np.frombuffer(text.letters, np.uint32)
        features = self._spread(np.concatenate([*hash_phrases(words[:, 1], self._parameters), letters]))
        return {"words": words[:, 0].astype(np.int32)[np.newaxis], "features": features[np.newaxis]}

    def _spread(self, hashes: NDArray[np.uint32]) -> NDArray[np.int32]:
        hashes *= _SPREAD
        hashes >>= self._dropped
        np.maximum(hashes, _ONE, out=hashes)
        return hashes.view(np.int32)

    def _find_features(self, hashes: NDArray[np.uint32], letters: NDArray[np.uint32]) -> NDArray[np.bool_]:
        words = hashes != PADDING
        phrases = [words[:, size:] for size in range(1, self._parameters.longest_words)]
        return np.concatenate([words, *phrases, letters != PADDING], axis=1)

    def _join_tokens(self, tokens: Sequence[str]) -> Pieces:
        return self._tokens[tokens[0]] if len(tokens) == 1 else _join([self._tokens[token] for token in tokens])

    def _describe(self, token: str) -> Pieces:
        row = self._vocabulary.get(token, UNKNOWN)
        letters = hash_letters(token, self._parameters) if row == UNKNOWN else ()
        return Pieces(_WORD.pack(row, crc32(token.encode()) or 1), array("I", letters).tobytes())


class _Kept(dict[str, Pieces]):
    """A bounded cache of what was described before."""

    def __init__(self, describe: Callable[[str], Pieces]) -> None:
        self._describe = describe

    def __missing__(self, key: str) -> Pieces:
        found = self._describe(key)
        if len(key) <= _LONGEST_KEPT:
            if len(self) >= _KEPT_PIECES:
                self.clear()
            self[key] = found
        return found


def _join(pieces: Sequence[Pieces]) -> Pieces:
    return Pieces(b"".join([words for words, _ in pieces]), b"".join([letters for _, letters in pieces]))


def hash_letters(token: str, parameters: EncodingParameters) -> list[int]:
    """Return a 32-bit hash of each letter n-gram of ``<token>``; marks and emoticons have none."""
    if not token[-1].isalnum():
        return []
    marked = f"<{token}>"
    return [
        crc32(marked[start : start + size].encode(), size) or _LIKE_ZERO  # seeded: "ing" here is not the word "ing"
        for size in range(parameters.shortest_letters, min(parameters.longest_letters, len(marked)) + 1)
        for start in range(len(marked) - size + 1)
    ]


def hash_phrases(hashes: NDArray[np.uint32], parameters: EncodingParameters) -> list[NDArray[np.uint32]]:
    """Return hashes of words, pairs and triples: ``[…, words]``, ``[…, words - 1]`` and ``[…, words - 2]``.

    ``hashes``: one for each word, of one text or ``[texts, words]``; arithmetic is modulo 2^32.
    """
    phrases = [hashes]
    for size, factor in zip(range(2, parameters.longest_words + 1), (_PAIR, _TRIPLE), strict=False):
        joined = phrases[-1][..., :-1] * factor
        joined += hashes[..., size - 1 :]
        phrases.append(joined)
    return phrases


def _pad(rows: list[bytes], least: int) -> NDArray[np.uint32]:
    width = max(least, *map(len, rows))
    padded = b"".join([row.ljust(width, b"\0") for row in rows])
    return np.frombuffer(padded, np.uint32).reshape(len(rows), width // 4)
