"""source → spool: one thread reads, another commits, and nothing behind the spool slows either."""

from __future__ import annotations

import logging
import queue
import threading
from concurrent.futures import Future
from functools import partial
from typing import Final

from libs.service.metrics import GAPS, READ
from libs.sources import PostSource
from libs.spool.interface import Spool
from libs.values.position import Chunk, Position
from libs.values.times import format_time
from libs.values.tweet import Gap, Removal
from sentiment.errors import TransientError
from sentiment.service.clock import Clock
from sentiment.service.retry import Backoff, retry
from sentiment.service.threads import start_thread

logger = logging.getLogger(__name__)

_GROUP: Final = 512  # entries in one commit at most
_WAITING: Final = 2 * _GROUP  # entries read but not yet synced: bounded, so that a slow disk slows reading, not memory
_LOOK_SECONDS: Final = 0.2
_BACKOFF: Final = Backoff(longest_seconds=5.0)
_LOUD_EVERY: Final = 10  # failures to one line in the log


class _BoundedByEntries(queue.Queue[Chunk]):
    """A queue whose size is that of its chunks: one holds a live post or hundreds of a file's."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._entries = 0

    def _qsize(self) -> int:
        return self._entries

    def _put(self, item: Chunk) -> None:
        super()._put(item)
        self._entries += _weigh(item)

    def _get(self) -> Chunk:
        chunk = super()._get()
        self._entries -= _weigh(chunk)
        return chunk


class _Chunks:
    """What is read but not yet kept, between the thread that reads and the one that commits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue = _BoundedByEntries(_WAITING)
        self._ended = threading.Event()
        self._abandoned = threading.Event()

    def offer(self, chunk: Chunk) -> bool:
        """Wait for room; False when nobody commits any more."""
        while not self._abandoned.is_set():
            try:
                self._queue.put(chunk, timeout=_LOOK_SECONDS)
            except queue.Full:
                self._clock.wait(0)
            else:
                return True
        return False

    def gather(self) -> Chunk | None:
        """Wait for a chunk and join what has come after it; None when the source has ended."""
        chunk = self._wait()
        if chunk is None:
            return None
        entries, position = list(chunk.entries), chunk.position
        while len(entries) < _GROUP:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            entries += following.entries
            position = following.position
        return Chunk(entries, position)

    def end(self) -> None:
        """Note that nothing more will be offered."""
        self._ended.set()

    def abandon(self) -> None:
        """Note that nothing more will be gathered."""
        self._abandoned.set()

    def _wait(self) -> Chunk | None:
        while True:
            ended = self._ended.is_set()  # asked before the look: what was offered before the end is still found
            try:
                return self._queue.get(timeout=0 if ended else _LOOK_SECONDS)
            except queue.Empty:
                if ended:
                    return None


class Ingester:
    """Reads in one thread and commits in another, so that the sync of one commit gathers the next."""

    def __init__(self, source: PostSource, spool: Spool, clock: Clock) -> None:
        """Nothing starts before ``run``."""
        self._source = source
        self._spool = spool
        self._clock = clock
        self._reading: Future[None] | None = None
        self.problem = ""
        """Why nothing can be taken into the spool at the moment; empty while it can."""

    def run(self) -> None:
        """Read on from the kept position. Returns at the source's end, raises ``StoppedError`` when asked to stop.

        Whatever else is raised ends the reading too, so that the next ``run`` is the only one that reads.
        """
        while self._reading and not self._reading.done():  # of a run that failed: two would read side by side
            self._clock.wait(_LOOK_SECONDS)
        chunks = _Chunks(self._clock)
        position = self._spool.read_position(self._source.key)
        if position == Position():
            # The first start of all. When it was is kept before anything is read: a kill before the first post is kept would
            # leave no trace of what it cost.
            self._put(Chunk([], Position(seen_at=format_time(self._clock.now()))))
        self._reading = reading = start_thread("read", lambda: self._read(position, chunks))
        try:
            while (group := chunks.gather()) is not None:
                if group != Chunk([], Position()):  # which would forget when reading began
                    self._put(group)
        finally:
            chunks.abandon()
        reading.result()

    def _read(self, position: Position, chunks: _Chunks) -> None:
        source = self._source.read(position)
        try:
            for chunk in source:
                if not chunks.offer(chunk):
                    return
        finally:
            chunks.end()

    def _put(self, chunk: Chunk) -> None:
        """Wait until the spool has taken the chunk."""
        put = partial(self._spool.put, self._source.key, chunk.entries, chunk.position)
        retry(put, self._clock, _BACKOFF, report=self._report)
        self.problem = ""
        self._count(chunk)

    def _report(self, error: TransientError, failures: int) -> None:
        self.problem = error.detail
        if failures % _LOUD_EVERY == 1:
            logger.warning("waiting for the spool", extra={"code": error.code, "detail": error.detail})

    def _count(self, chunk: Chunk) -> None:
        for entry in chunk.entries:
            match entry:
                case Gap():
                    GAPS.labels(entry.source, entry.reason).inc(0 if entry.ended_at else 1)
                case Removal():
                    READ.labels("removal").inc()
                case _:
                    READ.labels(entry.source).inc()


def _weigh(chunk: Chunk) -> int:
    return max(1, len(chunk.entries))  # a chunk may bring a position alone
