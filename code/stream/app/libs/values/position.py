"""How far a source has been read, and what it read on the way there."""

from __future__ import annotations

from typing import NamedTuple

from libs.values.tweet import Entry


class Position(NamedTuple):
    """How far a source has been read; kept in the spool together with what was read."""

    cursor: str = ""
    """What the source needs to go on from here; empty at the very beginning."""
    seen_at: str = ""
    """When the last post or keep-alive came (ISO 8601 UTC); a gap after a restart begins here."""
    emitted: int = 0
    """Rows or posts the source gave so far, unreadable ones included."""
    finished: bool = False
    """Whether the source has come to its end: only a replay without loop does."""


class Chunk(NamedTuple):
    """What a source read since its last chunk; without entries it is a keep-alive that moves the position."""

    entries: list[Entry]
    position: Position
