"""What the values of a label column mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sentiment.errors import PermanentError
from sentiment.labelled.options import FileOptions
from sentiment.model.labels import NEGATIVE, NEUTRAL, POSITIVE, Label

MOST_VALUES: Final = 200
_WORDS: Final[Mapping[str, Label]] = {
    "negative": NEGATIVE, "neg": NEGATIVE, "neutral": NEUTRAL, "neu": NEUTRAL, "positive": POSITIVE, "pos": POSITIVE,
}  # fmt: skip
SENTIMENT140_VALUES: Final[Mapping[str, Label]] = {"0": NEGATIVE, "2": NEUTRAL, "4": POSITIVE}
# Each scheme is one convention. A scheme counts only when both its ends occur, so {1, 2} is never read as half of 0, 1, 2.
_SCHEMES: Final[tuple[Mapping[str, Label], ...]] = (
    _WORDS,
    {"0": NEGATIVE, "1": POSITIVE},
    {"0": NEGATIVE, "1": NEUTRAL, "2": POSITIVE},
    SENTIMENT140_VALUES,
    {"-1": NEGATIVE, "0": NEUTRAL, "1": POSITIVE},
    {"1": NEGATIVE, "2": NEGATIVE, "3": NEUTRAL, "4": POSITIVE, "5": POSITIVE},  # stars
    {"false": NEGATIVE, "true": POSITIVE},
)


def read_label_values(counts: Mapping[str, int], options: FileOptions) -> dict[str, Label]:
    """Return what each value means; values not in the answer make their rows unreadable.

    ``counts``: how often each value occurs. ``options`` may spell the meanings out (``negative=1&positive=2,3``).
    The convention that explains most rows wins. Raises ``PermanentError``: ``one_label`` when only one value occurs,
    ``unknown_labels`` when no convention has both its ends among the values.
    """
    folded = {value: _fold(value) for value in counts}
    present = set(folded.values())
    fitting = [scheme for scheme in _list_schemes(options) if _both_ends(scheme, present)]
    if not fitting:
        _refuse(counts)
    best = max(fitting, key=lambda scheme: sum(n for value, n in counts.items() if folded[value] in scheme))
    return {value: best[folded[value]] for value in counts if folded[value] in best}


def read_single_value(value: str, options: FileOptions) -> Label | None:
    """Return what the only value of a column means: None unless all conventions that know it agree."""
    meanings = {scheme[folded] for scheme in _list_schemes(options) if (folded := _fold(value)) in scheme}
    return meanings.pop() if len(meanings) == 1 else None


def _refuse(counts: Mapping[str, int]) -> None:
    shown = ", ".join(f"'{value[:20]}'" for value in sorted(counts, key=lambda value: -counts[value])[:6])
    filled = [value for value in counts if value.strip()]
    if len(filled) == 1:
        raise PermanentError(f"every row has the same label {shown}: nothing can be learnt from one", code="one_label")
    raise PermanentError(
        f"the labels {shown} follow no known convention with a negative and a positive end (negative/neutral/positive, 0/1, "
        "0/2/4, -1/0/1, 1 to 5, …); spell them out after the address: #negative=<value>&positive=<value>",
        code="unknown_labels",
    )


def _fold(value: str) -> str:
    folded = value.strip().casefold()
    whole, dot, rest = folded.partition(".")
    return whole if dot and not rest.strip("0") else folded  # 4.0 is 4


def _both_ends(scheme: Mapping[str, Label], present: set[str]) -> bool:
    found = {scheme[value] for value in present if value in scheme}
    return {NEGATIVE, POSITIVE} <= found


def _list_schemes(options: FileOptions) -> Sequence[Mapping[str, Label]]:
    spelled_out = {_fold(value): label for label, values in options.label_values.items() for value in values}
    return [spelled_out] if spelled_out else _SCHEMES
