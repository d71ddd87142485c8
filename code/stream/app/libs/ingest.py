"""source → spool, and nothing else: whatever is slow or down behind the spool never slows reading."""

from __future__ import annotations

import logging
import queue
from typing import TYPE_CHECKING, Final

from libs.background import begin
from libs.metrics import GAPS, READ
from libs.pacing import Backoff
from libs.sources import Chunk
from libs.tweet import Gap, Removal
from sentiment.errors import TransientError

if TYPE_CHECKING:
    from libs.pacing import Clock
    from libs.sources import Position, Source
    from libs.spool import Spool

logger = logging.getLogger(__name__)

_WAITING_CHUNKS: Final = 64  # read but not yet synced: bounded, so that a slow disk slows reading and not memory
_GROUP: Final = 512  # entries in one commit at most


class Ingester:
    """Reads in one thread and commits in another, so that the sync of one commit gathers the next."""

    def __init__(self, source: Source, spool: Spool, clock: Clock) -> None:
        """Nothing starts before ``run``."""
        self._source = source
        self._spool = spool
        self._clock = clock
        self._chunks: queue.Queue[Chunk | None] = queue.Queue(_WAITING_CHUNKS)
        self.trouble = ""
        """Why nothing can be taken into the spool at the moment; empty while it can."""

    def run(self) -> None:
        """Read on from the kept position. Returns at the source's end, raises ``StoppedError`` when asked to stop."""
        reading = begin("read", lambda: self._read(self._spool.read_position(self._source.key)))
        while (group := self._gather()) is not None:
            self._put(group)
        reading.result()

    def _read(self, position: Position) -> None:
        try:
            for chunk in self._source.read(position):
                self._offer(chunk)
        finally:
            self._chunks.put(None)

    def _offer(self, chunk: Chunk) -> None:
        while True:
            try:
                return self._chunks.put(chunk, timeout=0.2)
            except queue.Full:
                self._clock.wait(0)

    def _gather(self) -> Chunk | None:
        chunk = self._chunks.get()
        if chunk is None:
            return None
        entries, position = list(chunk.entries), chunk.position
        while len(entries) < _GROUP:
            try:
                following = self._chunks.get_nowait()
            except queue.Empty:
                break
            if following is None:
                self._chunks.put(None)
                break
            entries += following.entries
            position = following.position
        return Chunk(entries, position)

    def _put(self, chunk: Chunk) -> None:
        backoff = Backoff(self._clock, longest_seconds=5.0)
        while True:
            try:
                self._spool.put(self._source.key, chunk.entries, chunk.position)
            except TransientError as error:
                self.trouble = error.detail
                if backoff.attempts % 10 == 0:
                    logger.warning("waiting for the spool", extra={"code": error.code, "detail": error.detail})
                backoff.wait()
            else:
                self.trouble = ""
                return self._count(chunk)

    def _count(self, chunk: Chunk) -> None:
        for entry in chunk.entries:
            match entry:
                case Gap():
                    GAPS.labels(entry.source, entry.reason).inc(0 if entry.ended_at else 1)
                case Removal():
                    READ.labels("removal").inc()
                case _:
                    READ.labels(entry.source).inc()
