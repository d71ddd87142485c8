"""Where posts come from: one small interface, three implementations, chosen by ``SOURCE_URL``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from libs.service.pacing import Clock
from libs.service.settings import StreamSettings
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


class Source(Protocol):
    """An iterator over chunks that never gives up: it reconnects by itself and reports each gap as an entry.

    Nobody reads on while the spool is full. A live source that finds its reader was away for long reports that, too.
    """

    key: str
    """Names this source among others, without secrets or pace: its position is kept under this key."""

    trouble: str
    """Why nothing can be read at the moment; empty while it can."""

    def read(self, position: Position) -> Iterator[Chunk]:
        """Go on after ``position``. Ends at the source's end; raises ``StoppedError`` when asked to stop."""

    def parse(self, original: bytes) -> list[Entry]:
        """Read anew what once could not be read (a row, a message); ``PermanentError`` when it still cannot."""

    def check(self) -> None:
        """Raise ``SentimentError`` with what stands in the way of reading."""


def open_source(settings: StreamSettings, clock: Clock) -> Source:
    """Return the source that ``SOURCE_URL`` names."""
    scheme = urlsplit(settings.source_url).scheme
    if scheme == "file":
        from libs.sources.replay.source import ReplaySource

        return ReplaySource(settings.source_url, settings.track, clock)
    if scheme in ("ws", "wss"):
        from libs.sources.bluesky.source import BlueskySource

        return BlueskySource(settings.source_url, settings.track, clock)
    from libs.sources.x.source import XSource

    return XSource(settings, clock)
