"""A scored post as it is stored, and everything that one round of scoring has to store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from libs.values.tweet import DeadLetter, Gap, Removal
from sentiment.model.labels import Label


class Result(NamedTuple):
    """A stored post, its fields named as every reader of the table knows them."""

    id: str
    user: str
    sentiment: Label
    score: float
    twitter_raw: str
    twitter_clean: str
    data: str
    """The post's date, ISO 8601 UTC with milliseconds."""
    source: str
    topics: tuple[str, ...]
    lang: str
    model_version: str
    analyzed_at: str


class Skipped(NamedTuple):
    """A post in a language that is not scored: counted, by id so that none counts twice."""

    id: str
    lang: str
    data: str


@dataclass(frozen=True)
class ResultBatch:
    """What one round of scoring has to store."""

    results: Sequence[Result] = ()
    removals: Sequence[Removal] = ()
    gaps: Sequence[Gap] = ()
    dead_letters: Sequence[DeadLetter] = ()
    skipped: Sequence[Skipped] = ()
    buried: Sequence[str] = ()
    """Ids of dead letters that are settled now: their posts are stored, removed, or written to a newer dead letter."""
    revisions: dict[str, str] = field(default_factory=dict)
    """Which version of its post a result is of, by id, where a source edits posts in place."""
    edited: frozenset[str] = frozenset()
    """Ids whose text changed in place: they overwrite whatever the model version."""
    rescored: dict[str, str] = field(default_factory=dict)
    """``analyzed_at`` by id of stored results that were read to be scored anew: each overwrites that very row or nothing."""
