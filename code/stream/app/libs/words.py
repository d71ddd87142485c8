"""Words that drive a label: said more often in its posts than in the others, beyond what chance and rarity explain."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

from sentiment.cleaning import CleanText
from sentiment.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from libs.results import Result

_SHORTEST: Final = 3
_PRIOR: Final = 0.5


def find_driving_words(results: Iterable[Result], label: str, most: int) -> list[tuple[str, int]]:
    """Return ``(word, posts)`` in descending order of the z-score of the log-odds ratio with a Dirichlet prior.

    Monroe, Colaresi and Quinn, "Fightin' Words" (Political Analysis 2008), equations 16 and 22, on posts that hold a word.
    """
    inside: Counter[str] = Counter()
    outside: Counter[str] = Counter()
    for result in results:
        words = {word for word in tokenize(CleanText(result.twitter_clean)) if _is_word(word)}
        (inside if result.sentiment == label else outside).update(words)
    total_inside, total_outside = inside.total(), outside.total()
    scores = {word: _z_score(inside[word], total_inside, outside[word], total_outside) for word in inside}
    chosen = sorted((word for word in scores if scores[word] > 0), key=lambda word: (-scores[word], word))[:most]
    return [(word, inside[word]) for word in chosen]


def _z_score(count: int, total: int, other_count: int, other_total: int) -> float:
    here, there = count + _PRIOR, other_count + _PRIOR
    odds = math.log(here / (total + 1 - count)) - math.log(there / (other_total + 1 - other_count))
    return odds / math.sqrt(1 / here + 1 / there)


def _is_word(word: str) -> bool:
    return len(word) >= _SHORTEST and word != "@user" and word.lstrip("#")[:1].isalpha()
