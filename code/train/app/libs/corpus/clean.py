"""Clean rows into corpora: each text once, the held-out tenth set apart, the training rows chosen."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from libs.corpus.corpora import CleanCounts, Corpora, Corpus, require_enough, set_neutrals_apart
from libs.corpus.split import choose_rows, split_rows
from libs.values.recipe import Recipe
from libs.values.rows import Readings, Rows
from sentiment.model.labels import THREE_CLASSES, TWO_CLASSES, Label
from sentiment.release.held_out import hash_text, is_held_out
from sentiment.text.cleaning import CleanText, clean
from sentiment.text.tokens import tokenize

_CHUNK_ROWS: Final = 20_000
_POOL_FROM_ROWS: Final = 60_000  # a second process takes a second to start: not worth it for less
_PROCESSES: Final = 2
_CONFLICT: Final = -1
_In = TypeVar("_In")
_Out = TypeVar("_Out")


def clean_corpora(readings: Readings, recipe: Recipe, report: Callable[[float], None] = lambda _: None) -> Corpora:
    """Clean every data set of a run and choose its training rows; ``report`` gets the fraction done.

    Without ``recipe.neutral_class``, neutral rows are set apart.
    """
    total = sum(len(rows.texts) for rows in readings.all)
    done = 0
    corpora: list[Corpus] = []
    for rows in readings.all:
        share = len(rows.texts) / total
        corpora.append(clean_rows(rows, readings.excluded, partial(_report_part, report, done / total, share)))
        done += len(rows.texts)
    if not recipe.neutral_class or corpora[-1].classes == TWO_CLASSES:  # no use to train a class that is never answered
        corpora = [set_neutrals_apart(corpus) for corpus in corpora]
    return split_corpora(corpora[-1], corpora[0] if len(corpora) > 1 else None, recipe)


def split_corpora(labelled: Corpus, distant: Corpus | None, recipe: Recipe) -> Corpora:
    """Choose the rows to train on, by the recipe's seed: all but the held-out ones, or ``most_training_rows`` of them."""
    rng = np.random.default_rng(recipe.seed)
    splits = [
        split_rows(choose_rows(corpus.training_rows, recipe.most_training_rows, recipe.seed), rng)
        for corpus in (distant, labelled)
        if corpus is not None
    ]
    return Corpora(labelled, distant, tuple(splits))


def _report_part(report: Callable[[float], None], before: float, share: float, fraction: float) -> None:
    report(before + share * fraction)


def clean_rows(rows: Rows, excluded: Iterable[str] = (), report: Callable[[float], None] = lambda _: None) -> Corpus:
    """Clean and deduplicate the rows and mark the held-out tenth.

    A text that occurs more than once is kept once, with the label that most of its rows have; without such a majority it
    is left out. So are texts that are empty once cleaned, and those among ``excluded``.
    Raises ``PermanentError("too_few_rows")`` when too few training or held-out rows are left of a label.
    """
    excluded_digests = {hash_text(clean(text)) for text in excluded}
    texts, digests, tokens = _clean_all(rows.texts, report)
    groups = _group(texts, digests, excluded_digests)
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


def _group(texts: Sequence[str], digests: Sequence[bytes], excluded_digests: set[bytes]) -> _Groups:
    places: dict[bytes, list[int]] = {}
    empty = excluded = 0
    for row, (text, digest) in enumerate(zip(texts, digests, strict=True)):
        if not text:
            empty += 1
        elif digest in excluded_digests:
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
    with _open_pool(len(texts)) as apply:
        for chunk_texts, chunk_digests, chunk_tokens in apply(_clean_chunk, chunks):
            cleaned += chunk_texts
            digests += chunk_digests
            tokens += [[known.setdefault(token, token) for token in line] for line in chunk_tokens]
            report(len(cleaned) / len(texts))
    return cleaned, digests, tokens


def _clean_chunk(texts: Sequence[str]) -> tuple[list[CleanText], list[bytes], list[list[str]]]:
    cleaned = [clean(text) for text in texts]
    return cleaned, [hash_text(text) for text in cleaned], [tokenize(text) for text in cleaned]


@contextmanager
def _open_pool(rows: int) -> Iterator[Callable[[Callable[[_In], _Out], Iterable[_In]], Iterable[_Out]]]:
    """Yield a ``map`` that keeps order: over two processes when there are rows enough, else in this one."""
    if rows < _POOL_FROM_ROWS:
        yield map
        return
    # spawn: a fork of a process with TensorFlow's or pyarrow's threads in it can hang
    with ProcessPoolExecutor(_PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool.map
