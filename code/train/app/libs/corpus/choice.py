"""Which rows a run learns from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from libs.corpus.corpora import Corpus
from libs.values.recipe import Recipe


def choose_rows(corpus: Corpus, recipe: Recipe) -> NDArray[np.int64]:
    """Return the rows to learn from: all but the held-out, or as many of them as the recipe allows, chosen by seed."""
    rows = corpus.training_rows
    if recipe.most_training_rows is None or recipe.most_training_rows >= len(rows):
        return rows
    chosen = np.random.default_rng(recipe.seed).choice(rows, recipe.most_training_rows, replace=False)
    return np.sort(chosen)
