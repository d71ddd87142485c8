"""Rows of the data sets of a run, as they were read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Rows:
    """What was read: ``texts`` with ``labels`` (indexes of NEGATIVE, NEUTRAL, POSITIVE) and, when given, ``topics``."""

    name: str
    sha256: str
    texts: list[str]
    labels: NDArray[np.int8]
    topics: list[str] | None
    read: int
    unreadable: int
    columns: str


class Readings(NamedTuple):
    """Everything a run reads: the data sets, and texts to keep out of training, validation and held-out rows."""

    labelled: Rows
    distant: Rows | None
    excluded: list[str]

    @property
    def all(self) -> tuple[Rows, ...]:
        """The data sets there are, in the order of training."""
        return (self.labelled,) if self.distant is None else (self.distant, self.labelled)
