"""A corpus as integers: kept ragged in memory and padded batch by batch, since texts differ much in length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentiment.text.encoding import Encoder, EncodingParameters

_CHUNK_ROWS: Final = 1_000
_BUCKET_BATCHES: Final = 50
_BATCH_WORDS: Final = 65_536  # 512 tweets have 20,000; 512 film reviews of 1,000 words took 6.6 GiB


class Ragged(NamedTuple):
    """Rows of different lengths end to end: row ``i`` is ``values[offsets[i]:offsets[i + 1]]``."""

    values: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many values each of ``rows`` has."""
        return self.offsets[rows + 1] - self.offsets[rows]

    def take(self, rows: NDArray[np.int64]) -> Ragged:
        """Return the chosen rows, end to end in their order."""
        lengths = self.lengths(rows)
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        places = np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Ragged(self.values[places], offsets)

    def pad(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the chosen rows as ``[rows, longest]``, filled up with 0 to at least one column."""
        lengths = self.lengths(rows)
        columns = np.arange(max(int(lengths.max(initial=0)), 1))
        inside = columns < lengths[:, None]
        padded = np.zeros(inside.shape, dtype=np.int32)
        padded[inside] = self.values[(self.offsets[rows][:, None] + columns)[inside]]
        return padded


class Encoded(NamedTuple):
    """Every text's word rows (into the vectors) and hashed features, in the order of the corpus."""

    words: Ragged
    features: Ragged

    def batch(self, rows: NDArray[np.int64]) -> dict[str, NDArray[np.int32]]:
        """Return the network's two inputs for the chosen rows."""
        return {"words": self.words.pad(rows), "features": self.features.pad(rows)}

    def batches(
        self, rows: NDArray[np.int64], size: int, rng: np.random.Generator | None = None
    ) -> Iterator[NDArray[np.int64]]:
        """Yield ``rows`` in batches of texts of like length, so that little is padding; shuffled when ``rng`` is given.

        A batch has ``size`` rows, or fewer long ones: a network's memory goes with the words of a batch, padding included.
        """
        shuffled = rows if rng is None else rng.permutation(rows)
        found: list[NDArray[np.int64]] = []
        for start in range(0, len(shuffled), size * _BUCKET_BATCHES):
            bucket = shuffled[start : start + size * _BUCKET_BATCHES]
            bucket = bucket[np.argsort(self.features.lengths(bucket), kind="stable")]
            for first in range(0, len(bucket), size):
                batch = bucket[first : first + size]
                words = len(batch) * int(self.words.lengths(batch).max(initial=1))
                found += np.array_split(batch, min(-(-words // _BATCH_WORDS), len(batch)))
        order = range(len(found)) if rng is None else rng.permutation(len(found))
        yield from (found[index] for index in order)


def encode_tokens(
    texts: Sequence[Sequence[str]],
    vocabulary: list[str],
    parameters: EncodingParameters,
    report: Callable[[float], None] = lambda _: None,
) -> Encoded:
    """Encode tokenized texts with the encoder that the classifier uses; ``report`` gets the fraction done."""
    encoder = Encoder(parameters, vocabulary)
    # Texts of like length share a chunk, since a chunk is padded to its longest.
    order = np.argsort(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)), kind="stable")
    words: list[Ragged] = []
    features: list[Ragged] = []
    for start in range(0, len(order), _CHUNK_ROWS):
        arrays = encoder.encode_tokens([texts[row] for row in order[start : start + _CHUNK_ROWS]])
        words.append(_unpad(arrays["words"]))
        features.append(_unpad(arrays["features"]))
        report((start + _CHUNK_ROWS) / len(order))
    back = np.argsort(order)
    return Encoded(_join(words).take(back), _join(features).take(back))


def _unpad(padded: NDArray[np.int32]) -> Ragged:
    lengths = (padded != 0).sum(axis=1)
    return Ragged(padded[padded != 0], np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def _join(parts: list[Ragged]) -> Ragged:
    starts = np.cumsum([0, *(part.offsets[-1] for part in parts)])
    offsets = [part.offsets[1:] + start for part, start in zip(parts, starts, strict=False)]
    return Ragged(np.concatenate([part.values for part in parts]), np.concatenate([np.zeros(1, np.int64), *offsets]))
