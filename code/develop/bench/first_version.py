"""The first version's training recipe, timed on a sample: Word2Vec of 300 dimensions, texts padded to 300, an LSTM.

The recipe is the public notebook's that the first version was built from: window 7, min count 10, 32 epochs of
Word2Vec; frozen vectors, dropout 0.5, LSTM(100) with recurrent dropout 0.2, batches of 1024, 8 epochs.
"""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from libs.network import import_keras

_LENGTH: Final = 300
_VECTOR_EPOCHS, _EPOCHS, _BATCH = 32, 8, 1024


def time_first_version(texts: list[list[str]], labels: NDArray[np.int8], all_rows: int) -> list[list[str]]:
    """Return a table of the seconds that its two parts take on ``texts``, and would take for ``all_rows``."""
    began = time.monotonic()
    vectors, words = _train_vectors(texts)
    vector_seconds = (time.monotonic() - began) / len(texts) * all_rows * _VECTOR_EPOCHS / 4
    padded = np.zeros((len(texts), _LENGTH), dtype=np.int32)
    for row, text in zip(padded, texts, strict=True):
        known = [words[token] for token in text if token in words][:_LENGTH]
        row[: len(known)] = known
    network = _build(vectors)
    network.predict(padded[:_BATCH], verbose=0)
    began = time.monotonic()
    network.fit(padded, labels, epochs=1, batch_size=_BATCH, verbose=0)
    epoch_seconds = (time.monotonic() - began) / len(texts) * all_rows
    return [
        ["part", "hours for all rows"],
        ["Word2Vec, 32 epochs", f"{vector_seconds / 3600:.1f}"],
        ["network, one epoch", f"{epoch_seconds / 3600:.1f}"],
        ["network, 8 epochs", f"{epoch_seconds * _EPOCHS / 3600:.1f}"],
    ]


def _train_vectors(texts: list[list[str]]) -> tuple[NDArray[np.float32], dict[str, int]]:
    from gensim.models import Word2Vec

    model = Word2Vec(texts, vector_size=300, window=7, min_count=10, workers=2, epochs=4, seed=1)
    matrix = np.concatenate([np.zeros((1, 300), dtype=np.float32), model.wv.vectors])
    return matrix, {word: row for row, word in enumerate(model.wv.index_to_key, 1)}


def _build(vectors: NDArray[np.float32]) -> Any:
    keras = import_keras()
    network = keras.Sequential(
        [
            keras.layers.Embedding(*vectors.shape, weights=[vectors], trainable=False),
            keras.layers.Dropout(0.5),
            keras.layers.LSTM(100, dropout=0.2, recurrent_dropout=0.2),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    network.compile(loss="binary_crossentropy", optimizer="adam")
    return network
