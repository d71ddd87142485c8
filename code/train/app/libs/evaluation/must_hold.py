"""Behavioural tests: pairs of sentences that a release must score in the right order (Ribeiro et al. 2020).

A case compares two scores, so it asks for a direction and never for a level: how far "good" scores above "not good"
depends on the training data, but it may not score below. A kind holds when HOLDING_SHARE of its cases do. A case counts
only when the vocabulary knows its telling words, since nothing can be expected of words that no training text had.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from libs.evaluation.must_hold_cases import ASKED, Case, list_cases
from libs.values.report import BehaviourReport, BrokenCase
from sentiment.model.labels import Prediction
from sentiment.text.cleaning import CleanText, clean
from sentiment.text.tokens import tokenize

HOLDING_SHARE: Final = 0.8
LEAST_CASES: Final = 3
_MOST_SHOWN: Final = 5


class Scorer(Protocol):
    """Whatever scores texts as the classifier does."""

    def predict(self, texts: Sequence[CleanText], /) -> list[Prediction]:
        """Return a prediction per text."""
        ...


def judge_cases(scorer: Scorer, vocabulary: Iterable[str]) -> tuple[BehaviourReport, ...]:
    """Score every case and return, per kind, how many hold, whether the kind does, and up to five cases that do not.

    A kind with fewer than LEAST_CASES cases whose words are known is reported as not asked (``holds`` None).
    """
    known = frozenset(vocabulary)
    asked = [
        case for case in list_cases() if all(token in known for word in case.words for token in tokenize(clean(word)))
    ]
    higher = scorer.predict([clean(case.higher) for case in asked])
    lower = scorer.predict([clean(case.lower) for case in asked])
    held = [_holds(case, first.score, second.score) for case, first, second in zip(asked, higher, lower, strict=True)]
    return tuple(_summarize(kind, asked, held) for kind in ASKED)


def _holds(case: Case, higher: float, lower: float) -> bool:
    return higher + case.slack > lower if case.within is None else abs(higher - lower) <= case.within


def _summarize(kind: str, cases: Sequence[Case], held: Sequence[bool]) -> BehaviourReport:
    own = [(case, ok) for case, ok in zip(cases, held, strict=True) if case.kind == kind]
    kept = sum(ok for _, ok in own)
    broken = [BrokenCase(higher=case.higher, lower=case.lower, within=case.within) for case, ok in own if not ok]
    return BehaviourReport(
        kind=kind,
        asks=ASKED[kind],
        cases=len(own),
        held=kept,
        holds=kept >= HOLDING_SHARE * len(own) if len(own) >= LEAST_CASES else None,
        broken=tuple(broken[:_MOST_SHOWN]),
    )
