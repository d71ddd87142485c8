"""The drift baseline: the distribution of a release's input and output on held-out rows.

``baseline.json``, format 1; every share is of the held-out rows, so a stream can hold its own posts against it:
``rows`` · ``label_shares`` {label: share} · ``score_histogram`` {"edges": 21 from 0 to 1, "shares": 20} ·
``length_histogram`` (characters of cleaned text; the last bin is open) {"edges", "shares"} ·
``unknown_word_share`` (tokens that have no vector) · ``frequent_words`` [{"word", "share" of texts that hold it}], most
frequent first.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from libs.evaluation import ScoredRows
from sentiment.model.labels import THREE_CLASSES, Label, Thresholds, band_label

FORMAT: Final = 1
_SCORE_EDGES: Final = np.linspace(0, 1, 21)
_LENGTH_EDGES: Final = np.array([0, 20, 40, 60, 80, 100, 120, 140, 200, 280, 500, 1000, 100_000])
_FREQUENT: Final = 300


def describe_baseline(
    held_out: ScoredRows,
    texts: Sequence[str],
    tokens: Sequence[Sequence[str]],
    vocabulary: Iterable[str],
    thresholds: Thresholds,
) -> dict[str, Any]:
    """Return the reference distribution of held-out rows, in the form that this module's head describes."""
    known = frozenset(vocabulary)
    total = sum(map(len, tokens))
    unknown = sum(token not in known for line in tokens for token in line)
    holding = Counter(word for line in tokens for word in dict.fromkeys(line))
    return {
        "format": FORMAT,
        "rows": len(texts),
        "label_shares": _share_labels(held_out, thresholds),
        "score_histogram": _histogram(held_out.scores, _SCORE_EDGES),
        "length_histogram": _histogram(np.array([len(text) for text in texts]), _LENGTH_EDGES),
        "unknown_word_share": round(unknown / max(total, 1), 5),
        "frequent_words": [
            {"word": word, "share": round(count / len(texts), 5)} for word, count in holding.most_common(_FREQUENT)
        ],
    }


def write_baseline(baseline: dict[str, Any], path: Path) -> None:
    """Write ``baseline.json``."""
    path.write_text(json.dumps(baseline, ensure_ascii=False, indent=1), encoding="utf-8")


def _share_labels(held_out: ScoredRows, thresholds: Thresholds) -> dict[str, float]:
    labels: list[Label] = (
        [THREE_CLASSES[index] for index in held_out.predicted]
        if held_out.classes == len(THREE_CLASSES)
        else [band_label(score, thresholds) for score in held_out.scores]
    )
    counts = Counter(labels)
    return {label: round(counts[label] / len(labels), 5) for label in THREE_CLASSES}


def _histogram(values: NDArray[Any], edges: NDArray[Any]) -> dict[str, list[float]]:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return {
        "edges": [round(float(edge), 5) for edge in edges],
        "shares": [round(float(c / len(values)), 5) for c in counts],
    }
