"""What the data set is like: balance, lengths, duplicates, conflicts, words of each label."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from libs.corpus.corpora import Corpus

_WORDS: Final = 25
_LEAST_TEXTS: Final = 10
_DOUBT: Final = 5.0
_QUANTILES: Final = (0, 25, 50, 75, 95, 99, 100)
_LENGTH_BINS: Final = 30


def describe_data(corpus: Corpus) -> dict[str, Any]:
    """Return the data report of one corpus; ``words`` are a label's most frequent, and those that tell it apart most."""
    lengths = np.array([len(text) for text in corpus.texts])
    counts = np.bincount(corpus.labels, minlength=len(corpus.classes))
    return {
        "name": corpus.name,
        "sha256": corpus.sha256,
        "columns": corpus.columns,
        "rows": asdict(corpus.counts) | {"kept": len(corpus.texts), "held_out": int(corpus.held_out.sum())},
        "labels": {label: int(count) for label, count in zip(corpus.classes, counts, strict=True)},
        "characters": {f"{q} %": int(np.percentile(lengths, q)) for q in _QUANTILES},
        "lengths": _count_lengths(corpus, lengths),
        "topics": dict(Counter(corpus.topics or ()).most_common()),
        "words": _find_words(corpus),
    }


def _count_lengths(corpus: Corpus, lengths: Any) -> dict[str, Any]:
    """Return each label's texts by length in characters; the last bin is open, so that one long text hides no shape."""
    width = max(round(np.percentile(lengths, 99) / _LENGTH_BINS), 1)
    edges = np.arange(_LENGTH_BINS + 1) * width
    capped = np.minimum(lengths, edges[-1])
    counts = [np.histogram(capped[corpus.labels == place], edges)[0] for place in range(len(corpus.classes))]
    return {
        "edges": edges.tolist(),
        "counts": {label: found.tolist() for label, found in zip(corpus.classes, counts, strict=True)},
    }


def _find_words(corpus: Corpus) -> dict[str, dict[str, Any]]:
    """Return each label's words, counted once per text of the rows to learn from."""
    counts: list[Counter[str]] = [Counter() for _ in corpus.classes]
    for row in corpus.training_rows:
        counts[corpus.labels[row]].update(set(corpus.tokens[row]))
    totals = np.bincount(corpus.labels[corpus.training_rows], minlength=len(corpus.classes)).tolist()
    return {
        label: {"frequent": _list_frequent(counts[place], totals[place]), "telling": _rank(counts, totals, place)}
        for place, label in enumerate(corpus.classes)
    }


def _list_frequent(counts: Counter[str], total: int) -> list[list[Any]]:
    """Return [word, share of the label's texts that hold it]; stop words stay, since which they are depends on a language."""
    words = [(word, count) for word, count in counts.most_common(4 * _WORDS) if any(map(str.isalnum, word))]
    return [[word, round(count / max(total, 1), 4)] for word, count in words[:_WORDS]]


def _rank(counts: list[Counter[str]], totals: list[int], place: int) -> list[str]:
    """Return the words whose smoothed log-odds tell the label apart most."""
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
