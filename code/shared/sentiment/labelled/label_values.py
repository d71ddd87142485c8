"""What the values of a label column mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from sentiment.errors import PermanentError
from sentiment.labelled.options import FileOptions
from sentiment.model.labels import NEGATIVE, NEUTRAL, POSITIVE, Label

MOST_VALUES: Final = 200
_WORDS: Final[Mapping[str, Label]] = {
    "negative": NEGATIVE, "neg": NEGATIVE, "neutral": NEUTRAL, "neu": NEUTRAL, "positive": POSITIVE, "pos": POSITIVE,
}  # fmt: skip
# Each scheme is one convention. A scheme counts only when both its ends occur, so {1, 2} is never read as half of 0, 1, 2.
_SCHEMES: Final[tuple[Mapping[str, Label], ...]] = (
    _WORDS,
    {"0": NEGATIVE, "1": POSITIVE},
    {"0": NEGATIVE, "1": NEUTRAL, "2": POSITIVE},
    {"0": NEGATIVE, "2": NEUTRAL, "4": POSITIVE},  # Sentiment140
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


def read_known_values(counts: Mapping[str, int], options: FileOptions) -> dict[str, Label]:
    """As ``read_label_values``, for a part of a data set, which need not hold both ends.

    Where it does not, the values count that mean the same by every convention that knows them (``4``, ``positive``);
    ``PermanentError("unknown_labels")`` when there are none (``1`` can be the best of two or the worst of five).
    """
    try:
        return read_label_values(counts, options)
    except PermanentError:
        agreed = {value: label for value in counts if (label := _agree(_fold(value), options))}
        if not agreed:
            raise _unknown(counts) from None
        return agreed


def _agree(value: str, options: FileOptions) -> Label | None:
    meanings = {scheme[value] for scheme in _list_schemes(options) if value in scheme}
    return meanings.pop() if len(meanings) == 1 else None


def _refuse(counts: Mapping[str, int]) -> NoReturn:
    filled = [value for value in counts if value.strip()]
    if len(filled) == 1:
        raise PermanentError(
            f"every row has the same label {_show(counts)}: nothing can be learnt from one", code="one_label"
        )
    raise _unknown(counts)


def _unknown(counts: Mapping[str, int]) -> PermanentError:
    return PermanentError(
        f"the labels {_show(counts)} follow no known convention with a negative and a positive end (negative/neutral/positive, "
        "0/1, 0/2/4, -1/0/1, 1 to 5, …); spell them out after the address: #negative=<value>&positive=<value>",
        code="unknown_labels",
    )


def _show(counts: Mapping[str, int]) -> str:
    return ", ".join(f"'{value[:20]}'" for value in sorted(counts, key=lambda value: -counts[value])[:6])


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
