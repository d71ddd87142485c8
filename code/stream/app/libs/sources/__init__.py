"""Where posts come from: one small interface, three implementations (X, Bluesky, replay of a file)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from libs.service.settings import StreamSettings
from libs.values.addresses import JetstreamAddress, ReplayAddress, SourceAddress, XAddress
from libs.values.position import Chunk, Position
from libs.values.tweet import Entry
from sentiment.service.clock import Clock


class PostSource(Protocol):
    """An iterator over chunks that never gives up: it reconnects by itself and reports each gap as an entry.

    Nobody reads on while the spool is full. A live source that finds its reader was away for long reports that, too.
    """

    key: str
    """Names this source among others, without secrets or pace: its position is kept under this key."""

    problem: str
    """Why nothing can be read at the moment; empty while it can."""

    def read(self, position: Position) -> Iterator[Chunk]:
        """Go on after ``position``. Ends at the source's end; raises ``StoppedError`` when asked to stop."""

    def parse(self, original: bytes) -> list[Entry]:
        """Read anew what once could not be read (a row, a message); ``PermanentError`` when it still cannot."""

    def check(self) -> None:
        """Raise ``SentimentError`` with what stands in the way of reading."""


def open_source(address: SourceAddress, settings: StreamSettings, clock: Clock) -> PostSource:
    """Return the source at an address; ``settings``: which topics to follow and how much of X's budget to spend."""
    match address:
        case ReplayAddress():
            from libs.sources.replay import ReplaySource

            return ReplaySource(address, settings.track, clock)
        case JetstreamAddress(url):
            from libs.sources.bluesky.source import BlueskySource

            return BlueskySource(url, settings.track, clock)
        case XAddress():
            from libs.sources.x.source import XSource

            return XSource(address, settings.track, settings.x_daily_post_budget, clock)
