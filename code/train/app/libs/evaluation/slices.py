"""Figures by slice: the held-out rows by length, negation, mentions, hashtags, questions and topic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from libs.evaluation.bootstrap import with_interval
from libs.evaluation.calibration import measure_calibration
from libs.evaluation.measures import accuracy, macro_f1, macro_recall
from libs.evaluation.scored_rows import ScoredRows, count_confusion
from libs.values.report import SliceReport

LEAST_ROWS: Final = 30  # the interval of fewer would span a third of the scale
_NEGATION: Final = re.compile(r"\b(?:not?|never|nobody|nothing|none|cannot|without|hardly|\w+n['’]?t)\b", re.IGNORECASE)
_LENGTHS: Final = ((0, 40), (40, 80), (80, 140), (140, 280), (280, 1000), (1000, None))


def describe_slices(
    rows: ScoredRows, texts: Sequence[str], topics: Sequence[str] | None, seed: int
) -> tuple[SliceReport, ...]:
    """Return accuracy, macro recall, macro F1 and calibration error for every slice of at least LEAST_ROWS rows."""
    rng = np.random.default_rng(seed)
    found = []
    for name, members in _list_slices(texts, topics):
        if members.sum() < LEAST_ROWS:
            continue
        part = rows.take(members)
        confusion = count_confusion(part)
        figures = {rule.__name__: with_interval(confusion, rule, rng) for rule in (accuracy, macro_recall, macro_f1)}
        ece = measure_calibration(part, rng)
        found.append(SliceReport(slice=name, rows=int(members.sum()), **figures, ece=ece))
    return tuple(found)


def _list_slices(texts: Sequence[str], topics: Sequence[str] | None) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    lengths = np.array([len(text) for text in texts])
    for low, high in _LENGTHS:
        name = f"{low} to {high} characters" if high else f"over {low} characters"
        yield name, (lengths >= low) & (lengths < (high or np.inf))
    for name, marked in (
        ("negation", _mark(texts, _NEGATION)),
        ("mention", np.array(["@user" in text for text in texts], dtype=np.bool_)),
        ("hashtag", np.array(["#" in text for text in texts], dtype=np.bool_)),
        ("question", np.array(["?" in text for text in texts], dtype=np.bool_)),
    ):
        yield f"with {name}", marked
        yield f"without {name}", ~marked
    for topic in sorted(set(topics or ())):
        yield f"topic {topic}", np.array([other == topic for other in topics or ()], dtype=np.bool_)


def _mark(texts: Sequence[str], pattern: re.Pattern[str]) -> NDArray[np.bool_]:
    return np.array([pattern.search(text) is not None for text in texts], dtype=np.bool_)
