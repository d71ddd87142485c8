"""A corpus to learn from and to be judged by: distinct cleaned texts, the held-out tenth marked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentiment.errors import PermanentError
from sentiment.model.labels import Label
from sentiment.text.cleaning import CleanText

LEAST_TRAINING_ROWS: Final = 40  # of each label; fewer teach nothing that could be told from chance
LEAST_HELD_OUT_ROWS: Final = 5


@dataclass(frozen=True)
class CleanCounts:
    """What happened to the rows on the way, for the data report."""

    rows: int
    empty: int
    excluded: int
    duplicates: int
    conflicting: int
    unreadable: int = 0  # left out when the file was read


@dataclass(frozen=True)
class Corpus:
    """Distinct cleaned texts with their tokens, labels (indexes into ``classes``) and topics; ``held_out`` marks the tenth."""

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
        """Indexes of the rows to learn from."""
        return np.flatnonzero(~self.held_out)

    @property
    def held_out_rows(self) -> NDArray[np.int64]:
        """Indexes of the rows to be judged by."""
        return np.flatnonzero(self.held_out)


class Corpora(NamedTuple):
    """``labelled`` decides classes and evidence; ``distant`` is learnt from first and weighs less."""

    labelled: Corpus
    distant: Corpus | None = None

    @property
    def all(self) -> tuple[Corpus, ...]:
        """Those there are, the one learnt from first coming first."""
        return (self.labelled,) if self.distant is None else (self.distant, self.labelled)

    @property
    def starts(self) -> tuple[int, ...]:
        """Where each corpus' rows begin when all stand end to end."""
        return (0,) if self.distant is None else (0, len(self.distant.texts))


def as_columns(corpus: Corpus, classes: int) -> NDArray[np.int8]:
    """Return labels as columns of a network with ``classes`` outputs: the ends stay the ends."""
    return corpus.labels if len(corpus.classes) == classes else (corpus.labels * (classes - 1)).astype(np.int8)


def require_enough(corpus: Corpus) -> None:
    """Raise ``PermanentError("too_few_rows")`` when a side has too few rows of a label to learn from or to judge by."""
    for held_out, least in ((False, LEAST_TRAINING_ROWS), (True, LEAST_HELD_OUT_ROWS)):
        counts = np.bincount(corpus.labels[corpus.held_out == held_out], minlength=len(corpus.classes))
        if counts.min() < least:
            side = "held-out" if held_out else "training"
            shares = ", ".join(f"{count} {label}" for label, count in zip(corpus.classes, counts, strict=True))
            raise PermanentError(
                f"too few {side} rows are left after cleaning: {shares}; at least {least} of each label are needed",
                code="too_few_rows",
            )
