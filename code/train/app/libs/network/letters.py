"""Weights of letter n-grams for the linear path, folded into the weights of the words that hold them.

On few rows, n-grams of letters know what single words are too rare for (2.6 points of macro recall on SemEval, 0.35 of
accuracy on 200,000 tweets, 0.07 on a million). They are fitted beside the words; afterwards the weights of a known word's
n-grams are added to the word's own, so that the network looks one feature up and not thirty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from libs.vectors import Ragged
from sentiment.text.encoding import SPECIAL_WORDS, Encoder, EncodingParameters, hash_letters

MOST_ROWS: Final = 200_000  # more rows gain little by letters, and their matrix would fill the memory
_BUCKET_BITS: Final = 20


def spell_vocabulary(vocabulary: Sequence[str], parameters: EncodingParameters) -> Any:
    """Return a sparse matrix [words, 2**20]: how often each hashed letter n-gram occurs in each word of the vocabulary."""
    from scipy.sparse import csr_matrix

    special = len(SPECIAL_WORDS)
    spelled = [[] if row < special else hash_letters(word, parameters) for row, word in enumerate(vocabulary)]
    ends = np.cumsum([0, *map(len, spelled)])
    grams = np.array([gram for word in spelled for gram in word], dtype=np.int64) >> (32 - _BUCKET_BITS)
    return csr_matrix((np.ones(len(grams), dtype=np.float32), grams, ends), shape=(len(vocabulary), 2**_BUCKET_BITS))


def fit_with_letters(
    matrix: Any,
    words: Ragged,
    *,
    vocabulary: Sequence[str],
    owners: NDArray[np.int32],
    parameters: EncodingParameters,
    fit: Callable[[Any], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Return weights [slots, outputs] that ``fit`` finds for ``matrix`` with letter n-grams beside it, folded into words.

    ``matrix`` [rows, slots] holds the features of the texts, ``words`` the vocabulary rows of the same texts.
    """
    from scipy.sparse import csr_matrix, diags, hstack

    spelling = spell_vocabulary(vocabulary, parameters)
    ones = np.ones(len(words.values), dtype=np.float32)
    held = csr_matrix((ones, words.values, words.offsets), shape=(matrix.shape[0], spelling.shape[0]))
    # The same divisor as the text's other features have, or folding would not be exact.
    scale = (1 / np.sqrt(np.maximum(np.diff(matrix.indptr), 1))).astype(np.float32)
    weights = fit(hstack([matrix, diags(scale) @ held @ spelling]).tocsr())
    slots = len(owners)
    return fold_letters(
        weights[:slots], weights[slots:], spelling, vocabulary=vocabulary, owners=owners, parameters=parameters
    )


def fold_letters(
    weights: NDArray[np.float32],
    letter_weights: NDArray[np.float32],
    spelling: Any,
    *,
    vocabulary: Sequence[str],
    owners: NDArray[np.int32],
    parameters: EncodingParameters,
) -> NDArray[np.float32]:
    """Return ``weights`` [slots, outputs] with the letters' weights of every known word that owns a slot added to it."""
    special = len(SPECIAL_WORDS)
    words = list(vocabulary[special:])
    # A known word alone has one feature: its own.
    hashes = Encoder(parameters, vocabulary).encode_tokens([[word] for word in words])["features"][:, 0]
    places, fingerprints = hashes % len(owners), hashes // len(owners)
    own = owners[places] == fingerprints
    folded = weights.copy()
    added = np.asarray(spelling[special:] @ letter_weights, dtype=np.float32)
    np.add.at(folded, places[own], added[own])
    return folded
