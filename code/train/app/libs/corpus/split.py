"""Which rows of each corpus are learnt from, and which are set aside to watch progress and to weigh the paths by."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libs.corpus.choice import choose_rows
from libs.corpus.corpora import Corpora
from libs.values.recipe import Recipe

_MOST_WATCHED: Final = 20_000
_WATCHED_SHARE: Final = 0.05


class Stage(NamedTuple):
    """Rows of one corpus among all: those to learn from, and those set aside to watch and to weigh the paths by."""

    learnt: NDArray[np.int64]
    watched: NDArray[np.int64]


def split_stages(corpora: Corpora, recipe: Recipe) -> list[Stage]:
    """Set a twentieth of each corpus' rows to learn from aside (at most 20,000), for watching and weighing."""
    rng = np.random.default_rng(recipe.seed)
    stages = []
    for corpus, start in zip(corpora.all, corpora.starts, strict=True):
        rows = rng.permutation(choose_rows(corpus, recipe)) + start
        watched = min(max(int(len(rows) * _WATCHED_SHARE), min(400, len(rows) // 5)), _MOST_WATCHED)
        stages.append(Stage(learnt=rows[watched:], watched=rows[:watched]))
    return stages
