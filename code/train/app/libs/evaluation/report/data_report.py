"""The data report: balance, lengths, duplicates, conflicts and words of a data set's labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from libs.corpus import Corpus
from libs.values.report import DataReport, DataRows, LabelWords, LengthHistogram

_WORDS: Final = 25
_LEAST_TEXTS: Final = 10
_SMOOTHING: Final = 5.0  # added to every count before the log-odds
_QUANTILES: Final = (0, 25, 50, 75, 95, 99, 100)
_LENGTH_BINS: Final = 30


def describe_data(corpus: Corpus) -> DataReport:
    """Return the data report of one corpus."""
    lengths = np.array([len(text) for text in corpus.texts])
    counts = np.bincount(corpus.labels, minlength=len(corpus.classes))
    return DataReport(
        name=corpus.name,
        sha256=corpus.sha256,
        columns=corpus.columns,
        rows=DataRows(**asdict(corpus.counts), kept=len(corpus.texts), held_out=int(corpus.held_out.sum())),
        labels={label: int(count) for label, count in zip(corpus.classes, counts, strict=True)},
        characters={f"{q} %": int(np.percentile(lengths, q)) for q in _QUANTILES},
        lengths=_count_lengths(corpus, lengths),
        topics=dict(Counter(corpus.topics or ()).most_common()),
        words=_find_words(corpus),
    )


def _count_lengths(corpus: Corpus, lengths: Any) -> LengthHistogram:
    """Return each label's texts by length; the last bin is open, so that one long text does not flatten the rest."""
    width = max(round(np.percentile(lengths, 99) / _LENGTH_BINS), 1)
    edges = np.arange(_LENGTH_BINS + 1) * width
    capped = np.minimum(lengths, edges[-1])
    counts = [np.histogram(capped[corpus.labels == place], edges)[0] for place in range(len(corpus.classes))]
    return LengthHistogram(
        edges=tuple(edges.tolist()),
        counts={label: tuple(found.tolist()) for label, found in zip(corpus.classes, counts, strict=True)},
    )


def _find_words(corpus: Corpus) -> dict[str, LabelWords]:
    """Return each label's words, counted once per text that is not held out."""
    counts: list[Counter[str]] = [Counter() for _ in corpus.classes]
    for row in corpus.training_rows:
        # No set: the order of words with the same count would differ from process to process.
        counts[corpus.labels[row]].update(dict.fromkeys(corpus.tokens[row], 1))
    totals = np.bincount(corpus.labels[corpus.training_rows], minlength=len(corpus.classes)).tolist()
    return {
        label: LabelWords(
            frequent=_list_frequent(counts[place], totals[place]), characteristic=_rank(counts, totals, place)
        )
        for place, label in enumerate(corpus.classes)
    }


def _list_frequent(counts: Counter[str], total: int) -> tuple[tuple[str, float], ...]:
    """Return (word, share of the label's texts that hold it); stop words stay, since they differ by language."""
    words = [(word, count) for word, count in counts.most_common(4 * _WORDS) if any(map(str.isalnum, word))]
    return tuple((word, round(count / max(total, 1), 4)) for word, count in words[:_WORDS])


def _rank(counts: list[Counter[str]], totals: list[int], place: int) -> tuple[str, ...]:
    """Return the words with the highest smoothed log-odds of the label against all others."""
    others = Counter[str]()
    for other, counted in enumerate(counts):
        if other != place:
            others.update(counted)
    rest = sum(totals) - totals[place]

    def log_odds(word: str) -> float:
        inside = (counts[place][word] + _SMOOTHING) / (totals[place] + 2 * _SMOOTHING)
        return float(np.log(inside) - np.log((others[word] + _SMOOTHING) / (rest + 2 * _SMOOTHING)))

    frequent = [word for word, count in counts[place].items() if count >= _LEAST_TEXTS]
    return tuple(sorted(frequent, key=log_odds, reverse=True)[:_WORDS])
