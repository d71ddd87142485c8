"""What the data set is like: balance, lengths, duplicates, conflicts, words of each label."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from libs.corpus import Corpus

_WORDS: Final = 25
_LEAST_TEXTS: Final = 10
_DOUBT: Final = 5.0
_QUANTILES: Final = (0, 25, 50, 75, 95, 99, 100)


def describe_data(corpus: Corpus) -> dict[str, Any]:
    """Return the data report of one corpus; words are those that tell a label apart most (smoothed log-odds)."""
    lengths = np.array([len(text) for text in corpus.texts])
    counts = np.bincount(corpus.labels, minlength=len(corpus.classes))
    return {
        "name": corpus.name,
        "sha256": corpus.sha256,
        "rows": asdict(corpus.counts) | {"kept": len(corpus.texts), "held_out": int(corpus.held_out.sum())},
        "labels": {label: int(count) for label, count in zip(corpus.classes, counts, strict=True)},
        "characters": {f"{q} %": int(np.percentile(lengths, q)) for q in _QUANTILES},
        "topics": dict(Counter(corpus.topics or ()).most_common()),
        "words": _find_words(corpus),
    }


def _find_words(corpus: Corpus) -> dict[str, list[str]]:
    """Return each label's telling words, counted once per text of the rows to learn from."""
    counts: list[Counter[str]] = [Counter() for _ in corpus.classes]
    for row in corpus.training_rows:
        counts[corpus.labels[row]].update(set(corpus.tokens[row]))
    totals = np.bincount(corpus.labels[corpus.training_rows], minlength=len(corpus.classes))
    return {label: _rank(counts, totals.tolist(), place) for place, label in enumerate(corpus.classes)}


def _rank(counts: list[Counter[str]], totals: list[int], place: int) -> list[str]:
    others = Counter[str]()
    for other, counted in enumerate(counts):
        if other != place:
            others.update(counted)
    rest = sum(totals) - totals[place]

    def tell(word: str) -> float:
        inside = (counts[place][word] + _DOUBT) / (totals[place] + 2 * _DOUBT)
        return float(np.log(inside) - np.log((others[word] + _DOUBT) / (rest + 2 * _DOUBT)))

    frequent = [word for word, count in counts[place].items() if count >= _LEAST_TEXTS]
    return sorted(frequent, key=tell, reverse=True)[:_WORDS]
