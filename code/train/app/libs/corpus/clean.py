"""The step from rows as they were read to corpora: cleaned, each text once, the held-out tenth set apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from libs.corpus.corpora import CleanCounts, Corpora, Corpus, require_enough
from libs.corpus.pool import open_pool
from libs.dataset import Readings, Rows
from sentiment.model.labels import THREE_CLASSES, TWO_CLASSES, Label
from sentiment.release.held_out import hash_text, is_held_out
from sentiment.text.cleaning import CleanText, clean
from sentiment.text.tokens import tokenize

_CHUNK_ROWS: Final = 20_000
_CONFLICT: Final = -1


def clean_corpora(
    readings: Readings, report: Callable[[float], None] = lambda _: None, *, neutral_class: bool = True
) -> Corpora:
    """Clean every data set of a run; ``report`` gets the fraction done. Without a neutral class, neutrals are set apart."""
    total = sum(len(rows.texts) for rows in readings.all)
    done = 0
    corpora: list[Corpus] = []
    for rows in readings.all:
        share = len(rows.texts) / total
        corpora.append(clean_rows(rows, readings.excluded, partial(_report_part, report, done / total, share)))
        done += len(rows.texts)
    if not neutral_class or corpora[-1].classes == TWO_CLASSES:  # a first corpus cannot teach what is never answered
        corpora = [set_neutrals_apart(corpus) for corpus in corpora]
    return Corpora(corpora[-1], corpora[0] if len(corpora) > 1 else None)


def set_neutrals_apart(corpus: Corpus) -> Corpus:
    """Return a corpus of two classes; its neutral rows (the held-out ones dropped) serve the NEUTRAL band alone."""
    if corpus.classes == TWO_CLASSES:
        return corpus
    middle = corpus.labels == THREE_CLASSES.index("NEUTRAL")
    kept = np.flatnonzero(~middle).tolist()
    polar = replace(
        corpus,
        texts=[corpus.texts[row] for row in kept],
        tokens=[corpus.tokens[row] for row in kept],
        labels=(corpus.labels[kept] // 2).astype(np.int8),
        topics=[corpus.topics[row] for row in kept] if corpus.topics else None,
        held_out=corpus.held_out[kept],
        classes=TWO_CLASSES,
        neutrals=[corpus.tokens[row] for row in np.flatnonzero(middle & ~corpus.held_out)],
    )
    require_enough(polar)
    return polar


def _report_part(report: Callable[[float], None], before: float, share: float, fraction: float) -> None:
    report(before + share * fraction)


def clean_rows(rows: Rows, excluded: Iterable[str] = (), report: Callable[[float], None] = lambda _: None) -> Corpus:
    """Clean, deduplicate, set the held-out tenth apart.

    A text that occurs more than once is kept once, with the label most of its rows carry; with no such majority it is
    left out, since nobody knows what it should be. Texts that clean to nothing, and those among ``excluded``, are left
    out of both sides. Raises ``PermanentError("too_few_rows")`` when a side is left with too little of a label.
    """
    shunned = {hash_text(clean(text)) for text in excluded}
    texts, digests, tokens = _clean_all(rows.texts, report)
    groups = _group(texts, digests, shunned)
    labels = _settle_labels(groups, rows.labels)
    kept = [places[0] for places, label in zip(groups.places, labels, strict=True) if label != _CONFLICT]
    labels = labels[labels != _CONFLICT]
    classes, labels = _name_classes(labels)
    corpus = Corpus(
        name=rows.name,
        sha256=rows.sha256,
        texts=[texts[row] for row in kept],
        tokens=[tokens[row] for row in kept],
        labels=labels,
        topics=[rows.topics[row] for row in kept] if rows.topics else None,
        held_out=np.fromiter((is_held_out(digests[row]) for row in kept), dtype=np.bool_, count=len(kept)),
        classes=classes,
        counts=CleanCounts(
            rows=len(texts),
            empty=groups.empty,
            excluded=groups.excluded,
            duplicates=sum(map(len, groups.places)) - len(groups.places),
            conflicting=len(groups.places) - len(kept),
            unreadable=rows.unreadable,
        ),
        columns=rows.columns,
    )
    require_enough(corpus)
    return corpus


@dataclass(frozen=True)
class _Groups:
    """Row numbers of each distinct text, in order of first appearance."""

    places: list[list[int]]
    empty: int
    excluded: int


def _group(texts: Sequence[str], digests: Sequence[bytes], shunned: set[bytes]) -> _Groups:
    places: dict[bytes, list[int]] = {}
    empty = excluded = 0
    for row, (text, digest) in enumerate(zip(texts, digests, strict=True)):
        if not text:
            empty += 1
        elif digest in shunned:
            excluded += 1
        else:
            places.setdefault(digest, []).append(row)
    return _Groups(list(places.values()), empty, excluded)


def _settle_labels(groups: _Groups, labels: NDArray[np.int8]) -> NDArray[np.int8]:
    return np.array([_settle(labels, places) for places in groups.places], dtype=np.int8)


def _settle(labels: NDArray[np.int8], places: list[int]) -> int:
    if len(places) == 1:
        return int(labels[places[0]])
    votes = np.bincount(labels[places], minlength=len(THREE_CLASSES))
    winner = int(votes.argmax())
    return winner if votes[winner] * 2 > len(places) else _CONFLICT


def _name_classes(labels: NDArray[np.int8]) -> tuple[tuple[Label, ...], NDArray[np.int8]]:
    """Return two classes when no row is neutral, else three; labels become indexes into them."""
    if (labels == THREE_CLASSES.index("NEUTRAL")).any():
        return THREE_CLASSES, labels
    return TWO_CLASSES, (labels // 2).astype(np.int8)


def _clean_all(
    texts: Sequence[str], report: Callable[[float], None]
) -> tuple[list[CleanText], list[bytes], list[list[str]]]:
    cleaned: list[CleanText] = []
    digests: list[bytes] = []
    tokens: list[list[str]] = []
    known: dict[str, str] = {}  # one string object per distinct token, else a million tweets' words fill 2 GiB
    chunks = [texts[start : start + _CHUNK_ROWS] for start in range(0, len(texts), _CHUNK_ROWS)]
    with open_pool(len(texts)) as apply:
        for chunk_texts, chunk_digests, chunk_tokens in apply(_clean_chunk, chunks):
            cleaned += chunk_texts
            digests += chunk_digests
            tokens += [[known.setdefault(token, token) for token in line] for line in chunk_tokens]
            report(len(cleaned) / len(texts))
    return cleaned, digests, tokens


def _clean_chunk(texts: Sequence[str]) -> tuple[list[CleanText], list[bytes], list[list[str]]]:
    cleaned = [clean(text) for text in texts]
    return cleaned, [hash_text(text) for text in cleaned], [tokenize(text) for text in cleaned]
