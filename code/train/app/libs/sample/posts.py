"""The text of a synthetic post: its form, its sentences and its label."""

from collections.abc import Mapping
from random import Random
from typing import NamedTuple

from libs.sample.grammar import Grammar
from libs.sample.style import style_post

NEGATIVE, POSITIVE = 0, 4  # Sentiment140's targets

# How often a post of each target takes each form, in parts.
POSITIVE_FORMS = {
    "pos_plain": 28, "pos_event": 21, "pos_negated": 15, "pos_mixed": 9, "pos_versus": 9, "pos_turn": 9, "pos_long": 5,
}  # fmt: skip
NEGATIVE_FORMS = {
    "neg_plain": 23, "neg_event": 21, "neg_negated": 15, "neg_mixed": 9, "neg_versus": 8, "neg_turn": 8, "neg_long": 5,
    "neg_sarcasm": 7,
}  # fmt: skip
MORE_TO_SAY = {POSITIVE: ("pos_tail", "g_pc", "ec"), NEGATIVE: ("neg_tail", "g_nc", "ec")}
MORE_SHARE = 0.12
NEUTRAL_SHARE = 0.07  # of all posts; nobody can tell the label of these

# How often the label is wrong: labels given from a distance fail most on irony and on mixed feelings.
WRONG_LABEL_SHARE = {"pos_mixed": 0.09, "neg_mixed": 0.09, "neg_sarcasm": 0.12}
WRONG_LABEL_SHARE_OTHERWISE = 0.02


def _spread(forms: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(form for form, parts in forms.items() for _ in range(parts))


FORMS = {POSITIVE: _spread(POSITIVE_FORMS), NEGATIVE: _spread(NEGATIVE_FORMS)}


class Post(NamedTuple):
    """A text as typed, and the target a distant labeller gave it."""

    text: str
    target: int


def write_post(grammar: Grammar, target: int, rng: Random, *, incident: bool = False) -> Post:
    """Write a post of that target about the grammar's brand; `incident` makes bad news about the brand's incident."""
    form = _choose_form(target, rng, incident=incident)
    text = grammar.expand(form, rng)
    if form != "neutral" and rng.random() < MORE_SHARE:
        more = grammar.expand(rng.choice(MORE_TO_SAY[target]), rng)
        joint = " " if text[-1] in ".?!" else ". "
        text = text if more in text else f"{text}{joint}{more}"
    wrong = rng.random() < WRONG_LABEL_SHARE.get(form, WRONG_LABEL_SHARE_OTHERWISE)
    return Post(style_post(text, grammar, rng), POSITIVE - target if wrong else target)


def _choose_form(target: int, rng: Random, *, incident: bool) -> str:
    if incident and target == NEGATIVE and rng.random() < 0.7:
        return "incident"
    return "neutral" if rng.random() < NEUTRAL_SHARE else rng.choice(FORMS[target])
