"""A spool in an SQS queue, so that ingest and analyze run apart and many workers share the load.

A message is a parcel of many entries, since SQS limits and bills by message. One that was received too often without
being acknowledged goes to ``<queue>-dead`` (SQS's redrive policy); ``take`` reads that queue as well and turns what lies
there into dead letters, so that nothing stays where nobody looks. Positions of sources are kept with the results.
"""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Sequence
from typing import Final

from libs.spool.interface import Parcel, PositionStore, SpoolFullError
from libs.spool.sqs import Message, Queue
from libs.values.addresses import DEFAULT_VISIBILITY_SECONDS
from libs.values.position import Position
from libs.values.times import now
from libs.values.tweet import Entry, Tweet, bury_tweet, pack_entries, unpack_entries
from sentiment.errors import PermanentError

_LARGEST_BODY: Final = 200_000  # SQS took 256 KiB for most of its life, and compatible servers still do
_LARGEST_PARCEL: Final = 1 << 24  # unpacked; far above what put makes
_COUNT_SECONDS: Final = 5.0
_DEAD_SECONDS: Final = 10.0
_MOST_MESSAGES: Final = 10  # SQS's limit of one receive
_UNDELIVERABLE: Final = "received again and again, and never acknowledged"


class QueueSpool:
    """Parcels in a standard queue: any order, now and then twice, which the results store is ready for."""

    ordered = False

    def __init__(
        self,
        name: str,
        max_entries: int,
        positions: PositionStore,
        visibility_seconds: int = DEFAULT_VISIBILITY_SECONDS,
    ) -> None:
        """Make the client; the queues are created at the first use if they are absent."""
        self.keep_alive_seconds = visibility_seconds / 3
        self._queue = Queue(name, visibility_seconds)
        self._max = max_entries
        self._positions = positions
        self._counted: tuple[float, int] = (0.0, 0)
        self._dead_read = 0.0
        self._mean_entries = 1.0

    def put(self, key: str, entries: Sequence[Entry], position: Position | None) -> None:
        """Send the entries, then keep the position: after a crash in between they are read and sent again."""
        if entries and self._count_now_and_then() >= self._max:
            raise SpoolFullError(f"the queue holds about {self._counted[1]} posts, the limit is {self._max}")
        for body in _pack(list(entries)) if entries else ():
            self._queue.send(body)
        self._counted = (self._counted[0], self._counted[1] + len(entries))
        if position:
            self._positions.write_position(key, position)

    def read_position(self, key: str) -> Position:
        """Return the position kept with the results."""
        return self._positions.read_position(key)

    def take(self, limit: int, wait_seconds: float) -> list[Parcel]:
        """Receive messages; now and then those that SQS has put aside."""
        if time.monotonic() - self._dead_read > _DEAD_SECONDS:
            self._dead_read = time.monotonic()
            dead = self._queue.receive(_MOST_MESSAGES, 0, dead=True)
            if dead:
                return [_bury(message) for message in dead]
        most = min(_MOST_MESSAGES, max(1, int(limit / self._mean_entries)))
        parcels = [open_message(message) for message in self._queue.receive(most, wait_seconds)]
        if parcels:
            self._mean_entries = max(1.0, sum(len(parcel.entries) for parcel in parcels) / len(parcels))
        return parcels

    def acknowledge(self, parcels: Sequence[Parcel]) -> None:
        """Delete the messages."""
        self._queue.delete([parcel.handle for parcel in parcels])

    def keep_alive(self, parcels: Sequence[Parcel]) -> None:
        """Extend the messages' invisibility."""
        self._queue.extend([parcel.handle for parcel in parcels])

    def give_back(self, parcels: Sequence[Parcel]) -> None:
        """Make the messages visible at once."""
        self._queue.release([parcel.handle for parcel in parcels])

    def count(self) -> int:
        """Return SQS's own estimate of messages times the entries of those seen last."""
        return int(self._queue.count() * self._mean_entries)

    def check(self) -> None:
        """Create the queues if they are absent and ask for their size."""
        self._queue.count()

    def close(self) -> None:
        """Close the client's connections."""
        self._queue.close()

    def _count_now_and_then(self) -> int:
        if time.monotonic() - self._counted[0] > _COUNT_SECONDS:
            self._counted = (time.monotonic(), self.count())
        return self._counted[1]


def _pack(entries: list[Entry]) -> list[str]:
    """Pack entries into as many bodies as keep each under SQS's limit."""
    body = base64.b64encode(zlib.compress(pack_entries(entries), 1)).decode()
    if len(body) <= _LARGEST_BODY or len(entries) == 1:
        return [body]
    middle = len(entries) // 2
    return _pack(entries[:middle]) + _pack(entries[middle:])


def open_message(message: Message) -> Parcel:
    """Return a message's parcel, damaged when its body holds no entries."""
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.b64decode(message.body, validate=True), _LARGEST_PARCEL)
        return Parcel(message.handle, unpack_entries(data))
    except (ValueError, zlib.error, PermanentError):
        return Parcel(message.handle, [], message.body.encode())


def _bury(message: Message) -> Parcel:
    parcel = open_message(message)
    return parcel._replace(
        entries=[
            bury_tweet(entry, "undeliverable", _UNDELIVERABLE, now()) if isinstance(entry, Tweet) else entry
            for entry in parcel.entries
        ]
    )
