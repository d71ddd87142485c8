"""The interface of a spool: a durable queue between reading and scoring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from libs.values.position import Position
from libs.values.tweet import Entry
from sentiment.errors import TransientError


class Parcel(NamedTuple):
    """Entries that were put together and are acknowledged together."""

    handle: str
    entries: list[Entry]
    damaged: bytes = b""
    """The parcel's bytes when they cannot be unpacked; its entries are then empty."""


class SpoolFullError(TransientError):
    """The spool holds as much as it may, or its disk is full: read no further, nothing of the call was taken."""

    def __init__(self, detail: str) -> None:
        """``detail``: what is full; the caller may try again in a second."""
        super().__init__(detail, code="spool_full", retry_after_seconds=1.0)


class Spool(Protocol):
    """A durable queue of parcels: what ``put`` has returned for survives any kill, and comes again until it is acknowledged.

    Every method raises ``TransientError`` when the spool cannot be reached for now.
    """

    ordered: bool
    """Whether parcels come in the order they were put; else a removal may overtake its post."""

    keep_alive_seconds: float
    """How often to call ``keep_alive`` for parcels in hand."""

    def put(self, key: str, entries: Sequence[Entry], position: Position | None) -> None:
        """Keep entries and the source's new position, both or neither; None leaves the position as it is.

        ``SpoolFullError`` when there is no room.
        """

    def read_position(self, key: str) -> Position:
        """Return the last position kept for the source ``key``."""

    def take(self, limit: int, wait_seconds: float) -> list[Parcel]:
        """Return parcels not taken before by this object, up to about ``limit`` entries, waiting for the first."""

    def acknowledge(self, parcels: Sequence[Parcel]) -> None:
        """Forget parcels whose every entry is stored."""

    def keep_alive(self, parcels: Sequence[Parcel]) -> None:
        """Extend the lease of parcels that are still being worked on, so that no other worker gets them."""

    def give_back(self, parcels: Sequence[Parcel]) -> None:
        """Let parcels be taken again, by this worker or another: this one stops before it has stored them."""

    def count(self) -> int:
        """Return how many entries wait; an estimate where the queue gives only one."""

    def check(self) -> None:
        """Prove that the spool can be written; raises what stands in the way."""

    def close(self) -> None:
        """Release what the object holds."""


class PositionStore(Protocol):
    """Where a spool that cannot keep sources' positions itself keeps them: with the results."""

    def read_position(self, key: str) -> Position:
        """Return the last position kept for the source ``key``, or the beginning."""

    def write_position(self, key: str, position: Position) -> None:
        """Keep a source's position."""
