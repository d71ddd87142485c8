"""Corpora of distinct cleaned texts, the held-out tenth marked and the training rows of the run chosen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from libs.corpus.split import Split
from sentiment.errors import PermanentError
from sentiment.model.labels import THREE_CLASSES, TWO_CLASSES, Label
from sentiment.text.cleaning import CleanText

LEAST_TRAINING_ROWS: Final = 40  # of each label; a network trained on fewer cannot be told from chance
LEAST_HELD_OUT_ROWS: Final = 5


@dataclass(frozen=True)
class CleanCounts:
    """How many rows were read, and how many were left out for what reason; part of the data report."""

    rows: int
    empty: int
    excluded: int
    duplicates: int
    conflicting: int
    unreadable: int = 0  # left out when the file was read


@dataclass(frozen=True)
class Corpus:
    """Distinct cleaned texts with tokens, labels (indexes into ``classes``) and topics; ``held_out`` marks the held-out tenth."""

    name: str
    sha256: str
    texts: list[CleanText]
    tokens: list[list[str]]
    labels: NDArray[np.int8]
    topics: list[str] | None
    held_out: NDArray[np.bool_]
    classes: tuple[Label, ...]
    counts: CleanCounts
    neutrals: list[list[str]] = field(default_factory=list)  # tokens of neutral rows that only the NEUTRAL band sees
    columns: str = ""  # which columns were taken for what

    @property
    def training_rows(self) -> NDArray[np.int64]:
        """Indexes of all rows that may be trained on; a run may choose fewer (``Corpora.splits``)."""
        return np.flatnonzero(~self.held_out)

    @property
    def held_out_rows(self) -> NDArray[np.int64]:
        """Indexes of the rows that the network is evaluated on."""
        return np.flatnonzero(self.held_out)


@dataclass(frozen=True)
class Corpora:
    """The corpora of a run, with the rows of each that it trains on.

    ``labelled`` decides the classes and is evaluated on; ``distant``, whose labels come from emoticons, is trained on
    first. ``splits`` are in the order of ``all``.
    """

    labelled: Corpus
    distant: Corpus | None
    splits: tuple[Split, ...]

    @property
    def all(self) -> tuple[Corpus, ...]:
        """The corpora there are, the one that is trained on first coming first."""
        return (self.labelled,) if self.distant is None else (self.distant, self.labelled)

    @property
    def starts(self) -> tuple[int, ...]:
        """Where each corpus' rows begin when all stand end to end."""
        return (0,) if self.distant is None else (0, len(self.distant.texts))


def as_columns(corpus: Corpus, classes: int) -> NDArray[np.int8]:
    """Return labels as columns of a network with ``classes`` outputs: of two classes, the second becomes the last."""
    return corpus.labels if len(corpus.classes) == classes else (corpus.labels * (classes - 1)).astype(np.int8)


def set_neutrals_apart(corpus: Corpus) -> Corpus:
    """Return a corpus of two classes; its neutral rows (the held-out ones dropped) serve the NEUTRAL band alone."""
    if corpus.classes == TWO_CLASSES:
        return corpus
    neutral = corpus.labels == THREE_CLASSES.index("NEUTRAL")
    kept = np.flatnonzero(~neutral).tolist()
    polar = replace(
        corpus,
        texts=[corpus.texts[row] for row in kept],
        tokens=[corpus.tokens[row] for row in kept],
        labels=(corpus.labels[kept] // 2).astype(np.int8),
        topics=[corpus.topics[row] for row in kept] if corpus.topics else None,
        held_out=corpus.held_out[kept],
        classes=TWO_CLASSES,
        neutrals=[corpus.tokens[row] for row in np.flatnonzero(neutral & ~corpus.held_out)],
    )
    require_enough(polar)
    return polar


def require_enough(corpus: Corpus) -> None:
    """Raise ``PermanentError("too_few_rows")`` when too few training or held-out rows have one of the labels."""
    for held_out, least in ((False, LEAST_TRAINING_ROWS), (True, LEAST_HELD_OUT_ROWS)):
        counts = np.bincount(corpus.labels[corpus.held_out == held_out], minlength=len(corpus.classes))
        if counts.min() < least:
            side = "held-out" if held_out else "training"
            shares = ", ".join(f"{count} {label}" for label, count in zip(corpus.classes, counts, strict=True))
            raise PermanentError(
                f"too few {side} rows are left after cleaning: {shares}; at least {least} of each label are needed",
                code="too_few_rows",
            )
