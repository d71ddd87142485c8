"""Word2Vec vectors: padding, the unknown word, and texts without words enough."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from corpora import make_corpora, make_corpus

from libs.values.recipe import Recipe
from libs.vectors import train_vectors
from sentiment.errors import PermanentError
from sentiment.text.encoding import SPECIAL_WORDS


def test_vectors_come_with_padding_at_zero_and_unknown_in_the_middle(tmp_path: Path) -> None:
    done: list[float] = []
    corpora = make_corpora(make_corpus(900))
    vectors = train_vectors(corpora, Recipe(vector_size=16, vector_epochs=2), tmp_path, done.append)
    assert tuple(vectors.words[:2]) == SPECIAL_WORDS
    assert vectors.matrix.shape == (len(vectors.words), 16)
    assert not vectors.matrix[0].any()
    assert np.allclose(vectors.matrix[1], vectors.matrix[2:].mean(axis=0), atol=1e-6)
    assert "love" in vectors.words
    assert done == [0.5, 1.0]


def test_words_too_rare_for_vectors_are_refused(tmp_path: Path) -> None:
    corpus = make_corpus(900)
    scattered = replace(corpus, tokens=[[f"word{row}"] for row in range(len(corpus.texts))])
    with pytest.raises(PermanentError) as caught:
        train_vectors(make_corpora(scattered), Recipe(), tmp_path)
    assert caught.value.code == "too_few_words"
