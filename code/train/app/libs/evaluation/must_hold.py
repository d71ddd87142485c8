"""Sentences that must hold whatever the averages say (behavioural testing, Ribeiro et al. 2020).

A case compares two scores, so it asks for a direction and never for a level: what a model has learnt decides how sure
it is, but "not good" may not please more than "good". A kind holds when HOLDING_SHARE of its cases do; words that the
training texts never showed are no fair question, so a case counts only when the vocabulary knows its telling words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from libs.evaluation.must_hold_cases import ASKED, Case, list_cases
from sentiment.model.labels import Prediction
from sentiment.text.cleaning import CleanText, clean
from sentiment.text.tokens import tokenize

HOLDING_SHARE: Final = 0.8
LEAST_CASES: Final = 3
_MOST_SHOWN: Final = 5
_FAILING: Final = "sentences that must hold do not"


class Scorer(Protocol):
    """Whatever scores texts as the classifier does."""

    def predict(self, texts: Sequence[CleanText], /) -> list[Prediction]:
        """Return a prediction per text."""
        ...


def judge_cases(scorer: Scorer, vocabulary: Iterable[str]) -> list[dict[str, Any]]:
    """Return, per kind, its cases, how many held, whether the kind holds, and up to five that did not.

    A kind with fewer than LEAST_CASES fair cases is reported as not asked (``holds`` None).
    """
    known = frozenset(vocabulary)
    fair = [
        case for case in list_cases() if all(token in known for word in case.words for token in tokenize(clean(word)))
    ]
    higher = scorer.predict([clean(case.higher) for case in fair])
    lower = scorer.predict([clean(case.lower) for case in fair])
    held = [_holds(case, first.score, second.score) for case, first, second in zip(fair, higher, lower, strict=True)]
    return [_summarize(kind, fair, held) for kind in ASKED]


def warn_of_failing(judged: Iterable[dict[str, Any]]) -> list[str]:
    """Return the warning that names the kinds that fail, if any do."""
    failing = [f"{row['kind']} ({row['held']} of {row['cases']})" for row in judged if row["holds"] is False]
    return [f"{_FAILING}: {', '.join(failing)}"] if failing else []


def find_failing(warnings: Iterable[str]) -> str | None:
    """Return the warning of ``warn_of_failing`` among a release's, which keeps it from going live by itself."""
    return next((warning for warning in warnings if warning.startswith(_FAILING)), None)


def _holds(case: Case, higher: float, lower: float) -> bool:
    return higher + case.slack > lower if case.within is None else abs(higher - lower) <= case.within


def _summarize(kind: str, cases: Sequence[Case], held: Sequence[bool]) -> dict[str, Any]:
    own = [(case, ok) for case, ok in zip(cases, held, strict=True) if case.kind == kind]
    kept = sum(ok for _, ok in own)
    broken = [{"higher": case.higher, "lower": case.lower, "within": case.within} for case, ok in own if not ok]
    return {
        "kind": kind,
        "asks": ASKED[kind],
        "cases": len(own),
        "held": kept,
        "holds": kept >= HOLDING_SHARE * len(own) if len(own) >= LEAST_CASES else None,
        "broken": broken[:_MOST_SHOWN],
    }
