"""Sentences that must hold whatever the averages say (behavioural testing, Ribeiro et al. 2020).

A case compares two scores, so it asks for a direction and never for a level: what a model has learnt decides how sure
it is, but "not good" may not please more than "good". A kind holds when HOLDING_SHARE of its cases do; words that the
training texts never showed are no fair question, so a case counts only when the vocabulary knows its telling words.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sentiment.cleaning import clean
from sentiment.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sentiment.classifier import Classifier

HOLDING_SHARE: Final = 0.8
LEAST_CASES: Final = 3
BRAND_TOLERANCE: Final = 0.15  # the most that a made-up name may move a score
TYPO_TOLERANCE: Final = 0.35
_SUBJECTS: Final = ("this phone", "the service", "my flight", "the food", "this app")
_GOOD: Final = ("good", "great", "nice", "amazing", "perfect", "lovely")
_BAD: Final = ("bad", "terrible", "awful", "horrible", "useless", "broken")
_BRANDS: Final = ("Zorblax", "Quimby", "Fentrix")


class Case(NamedTuple):
    """``higher`` must score above ``lower``; or, with ``within``, both must score that near to each other."""

    kind: str
    higher: str
    lower: str
    words: tuple[str, ...]
    within: float | None = None


def list_cases() -> Iterator[Case]:
    """Yield every case: polarity, negation, intensity, invariance to made-up brand names and to typing errors."""
    for subject in _SUBJECTS:
        for good, bad in zip(_GOOD, _BAD, strict=True):
            yield Case("polarity", f"{subject} is {good}", f"{subject} is {bad}", (good, bad))
            yield Case("negation", f"{subject} is {good}", f"{subject} is not {good}", (good, "not"))
            yield Case("brand", f"Zorblax says {subject} is {good}", f"{subject} is {good}", (good,), BRAND_TOLERANCE)
    for brand, other, word in product(_BRANDS[:2], _BRANDS[2:], (*_GOOD[:3], *_BAD[:3])):
        yield Case("brand", f"{brand} is {word}", f"{other} is {word}", (word,), BRAND_TOLERANCE)
    for subject in _SUBJECTS:
        yield Case("negation", f"I love {subject}", f"I don't love {subject}", ("love", "don't"))
        yield Case("negation", f"{subject} works", f"{subject} doesn't work", ("works", "doesn't", "work"))
        yield Case("negation", f"I will use {subject} again", f"I will never use {subject} again", ("never",))
        yield Case("intensity", f"I really love {subject}!", f"{subject} is ok", ("love", "ok", "really"))
        yield Case("intensity", f"{subject} is ok", f"I really hate {subject}!", ("hate", "ok", "really"))
        yield Case("typos", f"{subject} is greaaaat", f"{subject} is great", ("great",), TYPO_TOLERANCE)
        yield Case("typos", f"{subject} is HORRIBLE", f"{subject} is horrible", ("horrible",), TYPO_TOLERANCE)
        yield Case("typos", f"{subject} is amazng", f"{subject} is horribl", ("amazing", "horrible"))


def judge_cases(classifier: Classifier, vocabulary: Iterable[str]) -> list[dict[str, Any]]:
    """Return, per kind, its cases, how many held, whether the kind holds, and up to five that did not.

    A kind with fewer than LEAST_CASES fair cases is reported as not asked (``holds`` None).
    """
    known = frozenset(vocabulary)
    fair = [
        case for case in list_cases() if all(token in known for word in case.words for token in tokenize(clean(word)))
    ]
    higher = classifier.predict([clean(case.higher) for case in fair])
    lower = classifier.predict([clean(case.lower) for case in fair])
    held = {
        case: _holds(case, first.score, second.score) for case, first, second in zip(fair, higher, lower, strict=True)
    }
    return [_summarize(kind, held) for kind in sorted({case.kind for case in list_cases()})]


def _holds(case: Case, higher: float, lower: float) -> bool:
    return higher > lower if case.within is None else abs(higher - lower) <= case.within


def _summarize(kind: str, held: dict[Case, bool]) -> dict[str, Any]:
    cases = [case for case in held if case.kind == kind]
    kept = sum(held[case] for case in cases)
    asked = len(cases) >= LEAST_CASES
    broken = [{"higher": case.higher, "lower": case.lower} for case in cases if not held[case]]
    return {
        "kind": kind,
        "cases": len(cases),
        "held": kept,
        "holds": kept >= HOLDING_SHARE * len(cases) if asked else None,
        "broken": broken[:5],
    }
