"""A corpus as integers, kept ragged in memory and padded batch by batch: tweets are short, film reviews are not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from libs.pool import open_pool
from sentiment.encoding import Encoder, EncodingParameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from sentiment.cleaning import CleanText

_CHUNK_ROWS: Final = 10_000
_BUCKET_BATCHES: Final = 50


class Ragged(NamedTuple):
    """Rows of different lengths end to end: row ``i`` is ``values[offsets[i]:offsets[i + 1]]``."""

    values: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many values each of ``rows`` has."""
        return self.offsets[rows + 1] - self.offsets[rows]

    def pad(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the chosen rows as ``[rows, longest]``, filled up with 0 to at least one column."""
        lengths = self.lengths(rows)
        columns = np.arange(max(int(lengths.max(initial=0)), 1))
        inside = columns < lengths[:, None]
        padded = np.zeros(inside.shape, dtype=np.int32)
        padded[inside] = self.values[(self.offsets[rows][:, None] + columns)[inside]]
        return padded


class Encoded(NamedTuple):
    """Every text's word rows and hashed features, in the order of the corpus."""

    words: Ragged
    features: Ragged

    def batch(self, rows: NDArray[np.int64]) -> dict[str, NDArray[np.int32]]:
        """Return the network's two inputs for the chosen rows."""
        return {"words": self.words.pad(rows), "features": self.features.pad(rows)}

    def batches(
        self, rows: NDArray[np.int64], size: int, rng: np.random.Generator | None = None
    ) -> Iterator[NDArray[np.int64]]:
        """Yield ``rows`` in batches of texts of like length, so that little is padding; shuffled when ``rng`` is given."""
        shuffled = rows if rng is None else rng.permutation(rows)
        found: list[NDArray[np.int64]] = []
        for start in range(0, len(shuffled), size * _BUCKET_BATCHES):
            bucket = shuffled[start : start + size * _BUCKET_BATCHES]
            bucket = bucket[np.argsort(self.features.lengths(bucket), kind="stable")]
            found += [bucket[first : first + size] for first in range(0, len(bucket), size)]
        order = range(len(found)) if rng is None else rng.permutation(len(found))
        yield from (found[index] for index in order)


def encode_texts(
    texts: Sequence[CleanText],
    vocabulary: list[str],
    parameters: EncodingParameters,
    report: Callable[[float], None] = lambda _: None,
) -> Encoded:
    """Encode a corpus with the very encoder that the classifier uses."""
    chunks = [texts[start : start + _CHUNK_ROWS] for start in range(0, len(texts), _CHUNK_ROWS)]
    words: list[Ragged] = []
    features: list[Ragged] = []
    with open_pool(len(texts)) as apply:
        for chunk in apply(partial(_encode_chunk, Encoder(parameters, vocabulary)), chunks):
            words.append(chunk.words)
            features.append(chunk.features)
            report(len(words) / len(chunks))
    return Encoded(_join(words), _join(features))


def _encode_chunk(encoder: Encoder, texts: Sequence[CleanText]) -> Encoded:
    arrays = encoder.encode(texts)
    return Encoded(_unpad(arrays["words"]), _unpad(arrays["features"]))


def _unpad(padded: NDArray[np.int32]) -> Ragged:
    lengths = (padded != 0).sum(axis=1)
    return Ragged(padded[padded != 0], np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def _join(parts: list[Ragged]) -> Ragged:
    starts = np.cumsum([0, *(part.offsets[-1] for part in parts)])
    offsets = [part.offsets[1:] + start for part, start in zip(parts, starts, strict=False)]
    return Ragged(np.concatenate([part.values for part in parts]), np.concatenate([np.zeros(1, np.int64), *offsets]))
