"""The sentences that must hold, kind by kind: pairs of texts that differ in one thing whose effect nobody disputes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Final, NamedTuple

BRAND_TOLERANCE: Final = 0.15  # the most that a name may move a score
TYPO_TOLERANCE: Final = 0.35  # the same for a slip in a word that tells nothing
INTENSITY_SLACK: Final = 0.1  # a score near its end has no room to rise: it only may not turn back by more
_SUBJECTS: Final = ("this phone", "the service", "my flight", "the food", "this app")
_MISTYPED: Final = ("this phnoe", "the serivce", "my filght", "the fodo", "this ap")
_GOOD: Final = ("good", "great", "nice", "amazing", "perfect", "lovely")
_BAD: Final = ("bad", "terrible", "awful", "horrible", "useless", "broken")
_INTENSIFIERS: Final = ("really", "so")
_MADE_UP: Final = ("Zorblax", "Quimby", "Fentrix")
_BRANDS: Final = ("Apple", "Samsung", "Google", "Microsoft", "Nokia", "Pepsi", "Delta", "United", *_MADE_UP)
# Drawn out, and typed too fast.
_TYPED: Final = (
    ("greaaaat", "horriiible"),
    ("goooood", "baaaaad"),
    ("amazng", "horribl"),
    ("awsome", "terible"),
    ("lvoe it", "hte it"),
)


class Case(NamedTuple):
    """``higher`` must score above ``lower`` (by more than minus ``slack``); or, with ``within``, both that near to each other.

    ``words`` are those that tell: a release whose vocabulary lacks one is not asked.
    """

    kind: str
    higher: str
    lower: str
    words: tuple[str, ...]
    within: float | None = None
    slack: float = 0.0


def list_cases() -> Iterator[Case]:
    """Yield every case of every kind."""
    for list_kind in _KINDS.values():
        yield from list_kind()


def _list_polarity() -> Iterator[Case]:
    for subject in _SUBJECTS:
        for good, bad in zip(_GOOD, _BAD, strict=True):
            yield Case("polarity", f"{subject} is {good}", f"{subject} is {bad}", (good, bad))


def _list_negation() -> Iterator[Case]:
    for subject in _SUBJECTS:
        for good in _GOOD:
            yield Case("negation", f"{subject} is {good}", f"{subject} is not {good}", (good, "not"))
        for plain, negated, words in (
            (f"I love {subject}", f"I don't love {subject}", ("love", "don't")),
            (f"I liked {subject}", f"I didn't like {subject}", ("liked", "didn't", "like")),
            (f"{subject} is great", f"{subject} isn't great", ("great", "isn't")),
            (f"{subject} works", f"{subject} doesn't work", ("works", "doesn't", "work")),
            (f"{subject} always works", f"{subject} never works", ("always", "never", "works")),
            (f"I will use {subject} again", f"I will never use {subject} again", ("never",)),
            (f"I love {subject}", f"I no longer love {subject}", ("love", "no", "longer")),
        ):
            yield Case("negation", plain, negated, words)


def _list_intensity() -> Iterator[Case]:
    for subject in _SUBJECTS:
        for stronger, weaker in pairwise(("love", "like", "dislike", "hate")):
            yield Case("intensity", f"I {stronger} {subject}", f"I {weaker} {subject}", (stronger, weaker))
        for more, good, bad in zip(_INTENSIFIERS, _GOOD, _BAD, strict=False):
            pair = f"{subject} is {more} {good}", f"{subject} is {good}"
            yield Case("intensity", *pair, (good, more), slack=INTENSITY_SLACK)
            pair = f"{subject} is {bad}", f"{subject} is {more} {bad}"
            yield Case("intensity", *pair, (bad, more), slack=INTENSITY_SLACK)


def _list_brand() -> Iterator[Case]:
    for word in (*_GOOD[:3], *_BAD[:3]):
        for brand, other in pairwise(_BRANDS):
            yield Case("brand", f"I think {brand} is {word}", f"I think {other} is {word}", (word,), BRAND_TOLERANCE)
        for subject, brand in zip(_SUBJECTS, _BRANDS, strict=False):
            yield Case("brand", f"{brand} says {subject} is {word}", f"{subject} is {word}", (word,), BRAND_TOLERANCE)


def _list_typos() -> Iterator[Case]:
    for subject, mistyped in zip(_SUBJECTS, _MISTYPED, strict=True):
        for good, bad in _TYPED:
            yield Case(
                "typos", f"{subject}: {good}", f"{subject}: {bad}", ("great", "amazing", "horrible", "love", "hate")
            )
        for word in (*_GOOD[:2], *_BAD[:2]):
            yield Case("typos", f"{mistyped} is {word}", f"{subject} is {word}", (word,), TYPO_TOLERANCE)
        for word in (_GOOD[1], _BAD[1]):
            yield Case(
                "typos", f"{subject.upper()} IS {word.upper()}!!!", f"{subject} is {word}", (word,), TYPO_TOLERANCE
            )


_KINDS: Final[Mapping[str, Callable[[], Iterator[Case]]]] = {
    "polarity": _list_polarity,
    "negation": _list_negation,
    "intensity": _list_intensity,
    "brand": _list_brand,
    "typos": _list_typos,
}
# What a report says is asked of each kind.
ASKED: Final[Mapping[str, str]] = {
    "polarity": "praise scores above blame",
    "negation": "“not”, “never”, “no longer” lower what was praise",
    "intensity": f"love, like, dislike, hate in this order; “really” and “so” turn nothing back by {INTENSITY_SLACK}",
    "brand": f"a name, made up or real, moves a score by at most {BRAND_TOLERANCE}",
    "typos": f"drawn-out and mistyped words keep their side; capitals and slips elsewhere move at most {TYPO_TOLERANCE}",
}
