"""The same figures for kinds of rows: a good average hides a bad corner."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from libs.evaluation.bootstrap import with_interval
from libs.evaluation.calibration import measure_calibration
from libs.evaluation.measures import Judged, accuracy, count_confusion, macro_f1, macro_recall

LEAST_ROWS: Final = 30  # fewer say nothing: the interval would span a third of the scale
_NEGATION: Final = re.compile(r"\b(?:not?|never|nobody|nothing|none|cannot|without|hardly|\w+n['’]?t)\b", re.IGNORECASE)
_LENGTHS: Final = ((0, 40), (40, 80), (80, 140), (140, 280), (280, 1000), (1000, None))


def describe_slices(
    judged: Judged, texts: Sequence[str], topics: Sequence[str] | None, seed: int
) -> list[dict[str, Any]]:
    """Return accuracy, macro recall, macro F1 and calibration error for every slice of at least LEAST_ROWS rows."""
    rng = np.random.default_rng(seed)
    found = []
    for name, rows in _slices(texts, topics):
        if rows.sum() < LEAST_ROWS:
            continue
        slice_ = judged.at(rows)
        confusion = count_confusion(slice_)
        figures = {rule.__name__: with_interval(confusion, rule, rng) for rule in (accuracy, macro_recall, macro_f1)}
        figures["ece"] = measure_calibration(slice_, rng)
        found.append({"slice": name, "rows": int(rows.sum()), **figures})
    return found


def _slices(texts: Sequence[str], topics: Sequence[str] | None) -> Iterator[tuple[str, NDArray[np.bool_]]]:
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
