"""Words that drive a label: said more often in its posts than in the others, beyond what chance and rarity explain."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Final

from libs.values.result import Result
from sentiment.text.cleaning import CleanText
from sentiment.text.tokens import tokenize

_SHORTEST: Final = 3
_LEAST_Z: Final = 2.33  # one-sided, one per cent: many words are tested
# English words that hold a sentence together and say nothing of a brand. Negations stay: they are what drives a label.
_FUNCTION_WORDS: Final = frozenset(
    """
    a about after all also am an and any are as at be because been before being but by can could did do does doing down
    for from get gets getting go going got had has have having he her here hers him his how i i'd i'll i'm i've if in into
    is it it's its itself just let like lol may me might mine more most much must my myself of off on once one only or
    other our ours out over own per rt same she should so some such than that that's the their theirs them then there
    there's these they they're thing things this those through till to too under until up upon us very via was we we're
    we've were what what's when where which while who whom why will with within would yet you you're you've your yours
    """.split()  # noqa: SIM905 - read as text, not as four lines of quotes
)


def find_driving_words(results: Iterable[Result], label: str, most: int) -> list[tuple[str, int]]:
    """Return ``(word, posts)``, the most significant first: words in a greater share of the label's posts than of the others.

    Significance is a z-score of the log-odds ratio, counts corrected by one half as Haldane and Anscombe (1956) do.
    """
    inside, outside, posts = Counter[str](), Counter[str](), [0, 0]
    for result in results:
        words = {word for word in tokenize(CleanText(result.twitter_clean)) if _is_word(word)}
        there = result.sentiment == label
        posts[there] += 1
        (inside if there else outside).update(words)
    scores = {word: _z_score(inside[word], posts[1], outside[word], posts[0]) for word in inside}
    significant = sorted((word for word in scores if scores[word] >= _LEAST_Z), key=lambda word: (-scores[word], word))
    return [(word, inside[word]) for word in significant[:most]]


def _z_score(count: int, total: int, other_count: int, other_total: int) -> float:
    table = [cell + 0.5 for cell in (count, total - count, other_count, other_total - other_count)]
    with_word, without, other_with, other_without = table
    odds_ratio = with_word * other_without / (without * other_with)
    return math.log(odds_ratio) / math.sqrt(sum(1 / cell for cell in table))


def _is_word(word: str) -> bool:
    return len(word) >= _SHORTEST and word != "@user" and word not in _FUNCTION_WORDS and word.lstrip("#")[:1].isalpha()
