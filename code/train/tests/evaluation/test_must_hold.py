"""Sentences that must hold: a reader of plain English passes them all, and each flaw fails the kind it belongs to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from develop.fixtures.tiny_release import WEIGHTS, build_tiny_release
from libs.evaluation import judge_cases
from libs.evaluation.must_hold_cases import ASKED, list_cases
from sentiment.model.classifier import Classifier
from sentiment.model.labels import Prediction
from sentiment.release.manifest import Release

EVERY_WORD = {word for case in list_cases() for word in case.words}
LEVELS = {"love": 2, "like": 1, "liked": 1, "dislike": -1, "hate": -2, "works": 1, "work": 1, "again": 1}
LEVELS |= dict.fromkeys(("good", "great", "nice", "amazing", "perfect", "lovely"), 1)
LEVELS |= dict.fromkeys(("bad", "terrible", "awful", "horrible", "useless", "broken"), -1)
SLIPS = {
    "amazng": "amazing",
    "horribl": "horrible",
    "awsome": "amazing",
    "terible": "terrible",
    "lvoe": "love",
    "hte": "hate",
}
SLIPS |= {
    "greaat": "great",
    "horriible": "horrible",
    "good": "good",
    "baad": "bad",
}  # as cleaning leaves drawn-out words
NEGATIONS = {"not", "don't", "didn't", "isn't", "doesn't", "never", "no"}


class Reader:
    """Scores the sentences as a person would, but for what a flaw takes away."""

    def __init__(self, flaw: str = "") -> None:
        self.flaw = flaw

    def predict(self, texts) -> list[Prediction]:  # type: ignore[no-untyped-def]
        return [Prediction("NEUTRAL", self.score(str(text))) for text in texts]

    def score(self, text: str) -> float:
        words = [self.spell(word) for word in re.findall(r"[\w']+", text.lower())]
        level = float(sum(LEVELS.get(word, 0) for word in words))
        if NEGATIONS & set(words) and self.flaw != "deaf to not":
            level = -abs(level)
        if {"really", "so"} & set(words):
            level *= -1 if self.flaw == "turned back by so" else 1.2
        if self.flaw == "hates a brand" and {"samsung", "nokia", "quimby", "delta", "united"} & set(words):
            level -= 2
        return 0.5 + (-1 if self.flaw == "upside down" else 1) * level / 8

    def spell(self, word: str) -> str:
        if self.flaw == "cannot spell":
            return word
        return SLIPS.get(word, word)


def judge(flaw: str = "") -> dict[str, bool]:
    return {row.kind: row.holds for row in judge_cases(Reader(flaw), EVERY_WORD)}


def test_who_reads_plain_english_holds_every_kind() -> None:
    assert judge() == dict.fromkeys(ASKED, True)


@pytest.mark.parametrize(
    ("flaw", "failing"),
    [
        ("upside down", {"polarity", "intensity", "negation", "typos"}),
        ("deaf to not", {"negation"}),
        ("turned back by so", {"intensity"}),
        ("hates a brand", {"brand"}),
        ("cannot spell", {"typos"}),
    ],
)
def test_a_flaw_fails_its_own_kind_and_no_other(flaw: str, failing: set[str]) -> None:
    assert {kind for kind, holds in judge(flaw).items() if not holds} == failing


def test_every_kind_asks_often_enough_to_tell_four_in_five_from_chance() -> None:
    counts = {kind: sum(case.kind == kind for case in list_cases()) for kind in ASKED}
    assert min(counts.values()) >= 30
    assert {case.kind for case in list_cases()} == set(ASKED)
    assert len(set(list_cases())) == sum(counts.values()), "no sentence is asked twice"


def test_what_failed_is_named_with_its_sentences() -> None:
    rows = judge_cases(Reader("deaf to not"), EVERY_WORD)
    negation = next(row for row in rows if row.kind == "negation")
    assert negation.held < negation.cases
    assert "this phone is not good" in {case.lower for case in negation.broken}


def test_words_the_release_never_saw_are_no_fair_question() -> None:
    assert {row.holds for row in judge_cases(Reader(), [])} == {None}


def test_a_list_of_words_fails_negation_by_its_nature_and_keeps_polarity(tmp_path: Path) -> None:
    classifier = Classifier(Release(build_tiny_release(tmp_path / "v1", "v1"), tmp_path / "v1"))
    found = {row.kind: row for row in judge_cases(classifier, WEIGHTS)}
    assert found["polarity"].holds is True
    assert found["brand"].holds is True
