"""Simpler ways to turn a text into features, each under the same logistic regression: what the network has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from libs.corpus import Corpora
from libs.values.recipe import Recipe
from libs.vectors import Vectors, train_vectors
from sentiment.text.cleaning import CleanText
from sentiment.text.tokens import tokenize

LEAST_TEXTS: Final = 2  # a feature of one text alone tells nothing about the next and doubles the memory
_UNKNOWN: Final = 1  # row of the vector for words that have none
_MOST_ITERATIONS: Final = 2000


def count_words() -> Any:
    """Return a bag of words: how often each occurs."""
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(tokenizer=tokenize, token_pattern=None, lowercase=False, min_df=LEAST_TEXTS)


def weigh_words() -> Any:
    """Return TF-IDF of words and pairs of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        tokenizer=tokenize, token_pattern=None, lowercase=False, ngram_range=(1, 2), min_df=LEAST_TEXTS,
        sublinear_tf=True, dtype=np.float32,
    )  # fmt: skip


def weigh_words_and_letters() -> Any:
    """Return TF-IDF of words and pairs, and of two to five letters in a row within words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    letters = TfidfVectorizer(
        analyzer="char_wb", lowercase=False, ngram_range=(2, 5), min_df=LEAST_TEXTS, sublinear_tf=True, dtype=np.float32
    )
    return make_union(weigh_words(), letters)


class AverageVectors:
    """A text is the mean of its words' vectors, each dimension scaled to a spread of 1."""

    def __init__(self, vectors: Vectors) -> None:
        """``vectors``: Word2Vec's, trained on the rows to learn from."""
        self._rows = {word: row for row, word in enumerate(vectors.words)}
        self._matrix = vectors.matrix
        self._mean = np.zeros(1)
        self._spread = np.ones(1)

    def fit_transform(self, texts: Sequence[CleanText]) -> Any:
        """Measure mean and spread of every dimension; return [texts, dimensions]."""
        averages = self._average(texts)
        self._mean, self._spread = averages.mean(axis=0), np.maximum(averages.std(axis=0), 1e-6)
        return (averages - self._mean) / self._spread

    def transform(self, texts: Sequence[CleanText]) -> Any:
        """Return [texts, dimensions]."""
        return (self._average(texts) - self._mean) / self._spread

    def _average(self, texts: Sequence[CleanText]) -> Any:
        from scipy.sparse import csr_matrix

        lines = [[self._rows.get(token, _UNKNOWN) for token in tokenize(text)] for text in texts]
        ends = np.cumsum([0, *map(len, lines)])
        places = np.fromiter((place for line in lines for place in line), dtype=np.int32, count=ends[-1])
        counts = csr_matrix((np.ones(ends[-1], dtype=np.float32), places, ends), shape=(len(lines), len(self._matrix)))
        return (counts @ self._matrix) / np.maximum(np.diff(ends), 1)[:, None]


def average_vectors(corpora: Corpora, recipe: Recipe, folder: Path) -> AverageVectors:
    """Train Word2Vec as the network's first step does, and average it."""
    return AverageVectors(train_vectors(corpora, recipe, folder))


def make_classifier(classes: int) -> Any:
    """Return the logistic regression over any of them; three classes weigh alike, however rare one is."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=_MOST_ITERATIONS, class_weight="balanced" if classes > 2 else None)
