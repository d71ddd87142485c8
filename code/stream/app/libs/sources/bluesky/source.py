"""Bluesky's Jetstream as a source: resumes at its cursor, records a gap where the server cannot, and reconnects after silence."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from libs.service.metrics import RECONNECTS
from libs.sources.bluesky.jetstream import POSTS, Event, moment_of, parse_event
from libs.sources.bluesky.websocket import Socket, open_socket
from libs.sources.gaps import GapTracker
from libs.values.position import Chunk, Position
from libs.values.times import format_time
from libs.values.topics import compile_matchers, parse_track
from libs.values.tweet import DeadLetter, Entry, Gap, derive_id
from sentiment.errors import PermanentError, TransientError
from sentiment.service.clock import Clock
from sentiment.service.retry import Backoff

logger = logging.getLogger(__name__)

_REWIND_US: Final = 5_000_000  # Jetstream drops and reorders at the hand-over from replay to live
_SILENCE_SECONDS: Final = 30.0  # the filter is by collection, so of a whole network this much silence is a dead socket
_LONGEST_PAUSE_SECONDS: Final = 30.0
_MOST_MESSAGES: Final = 256
_BACKOFF: Final = Backoff(first_seconds=0.25)


class BlueskySource:
    """Posts of the whole network, of which TRACK's words and phrases keep some."""

    def __init__(self, url: str, track: str, clock: Clock, connect: Callable[[str], Socket] = open_socket) -> None:
        """``url``: ``wss://host/subscribe``; ``connect``: another way to a socket, for tests in virtual time."""
        parts = urlsplit(url)
        self._parts = parts._replace(path=parts.path if parts.path.strip("/") else "/subscribe")
        self.key = urlunsplit(self._parts._replace(query="", fragment=""))
        self.problem = ""
        self._matchers = compile_matchers(parse_track(track))
        self._clock = clock
        self._connect = connect

    def check(self) -> None:
        """Connect and wait for one event."""
        socket = self._connect(self._address(0))
        try:
            socket.receive(_SILENCE_SECONDS, 1)
        finally:
            socket.close()

    def parse(self, original: bytes) -> list[Entry]:
        """Read one message."""
        entry = parse_event(original, self._matchers, self._now()).entry
        return [entry] if entry else []

    def read(self, position: Position) -> Iterator[Chunk]:
        """Read for ever. The cursor is the last event's ``time_us``; each connection begins some seconds before it."""
        gaps = GapTracker("bluesky", self.key, position.seen_at)
        failures = 0
        yield Chunk(list(gaps.begin("restart")), position)
        while True:
            try:
                for chunk in self._read_socket(position, gaps):
                    failures = 0
                    position = chunk.position
                    yield chunk
            except TransientError as error:
                logger.warning("Jetstream interrupted", extra={"code": error.code, "detail": error.detail})
                RECONNECTS.labels(error.code).inc()
                self.problem = error.detail
                yield Chunk(list(gaps.begin(error.code, error.detail)), position)
                failures += 1
                self._clock.wait(_BACKOFF.choose_seconds(failures))

    def _read_socket(self, position: Position, gaps: GapTracker) -> Iterator[Chunk]:
        seen_us = int(position.cursor or 0)
        socket, first = self._connect(self._address(max(0, seen_us - _REWIND_US))), True
        # Without an event so far there is nowhere to go on from: what a first connection misses began here.
        gaps.seen_at = gaps.seen_at or self._now()
        try:
            while True:
                messages = socket.receive(_SILENCE_SECONDS, _MOST_MESSAGES)
                self.problem = ""
                entries, times_us = self._parse_messages(messages)
                if first and times_us:
                    entries[:0] = self._close_gap(gaps, seen_us, times_us[0])
                    first = False
                # Replay may hand over out of order: the cursor never goes back.
                cursor = max([int(position.cursor or 0), *times_us])
                # A gap begins at the last event, not at its arrival: a replay of hours gone by may be cut off as well.
                gaps.seen_at = min(self._now(), format_time(moment_of(cursor))) if cursor else self._now()
                position = Position(str(cursor or ""), gaps.seen_at, position.emitted + _count_posts(entries))
                paused_from = self._clock.monotonic()
                yield Chunk(entries, position)
                if self._clock.monotonic() - paused_from > _LONGEST_PAUSE_SECONDS:
                    raise TransientError(
                        "the spool took no more; reading paused until it had room", code="reader_paused"
                    )
        finally:
            socket.close()

    def _close_gap(self, gaps: GapTracker, seen_us: int, first_us: int) -> list[Entry]:
        """Settle the gap by the first event.

        A server that still has the last event seen sends that one again, and others before it; one that begins later has
        forgotten what lies between.
        """
        if seen_us and first_us > seen_us:
            opened = gaps.begin("cursor_clamped")
            closed = gaps.end(format_time(moment_of(first_us)), recovered=False)
            detail = f"last saw {format_time(moment_of(seen_us))}, the server began later"
            return [*opened, *(gap._replace(detail=detail) for gap in closed)]
        return list(gaps.end(self._now(), recovered=bool(seen_us)))

    def _parse_messages(self, messages: list[bytes | str]) -> tuple[list[Entry], list[int]]:
        entries: list[Entry] = []
        times_us: list[int] = []
        for message in messages:
            try:
                event: Event = parse_event(message, self._matchers, self._now())
            except PermanentError as error:
                entries.append(self._bury(message, error))
                continue
            times_us.append(event.time_us)
            if event.entry:
                entries.append(event.entry)
        return entries, times_us

    def _bury(self, message: bytes | str, error: PermanentError) -> DeadLetter:
        original = message if isinstance(message, bytes) else message.encode("utf-8", "replace")
        letter = derive_id(self.key, original.decode("utf-8", "replace"))
        return DeadLetter(letter, "bluesky", "socket", error.code, error.detail, original, self._now())

    def _address(self, cursor_us: int) -> str:
        query = [(name, value) for name, value in parse_qsl(self._parts.query) if name != "cursor"]
        if not any(name == "wantedCollections" for name, _ in query):
            query.append(("wantedCollections", POSTS))
        if cursor_us:
            query.append(("cursor", str(cursor_us)))
        return urlunsplit(self._parts._replace(query=urlencode(query)))

    def _now(self) -> str:
        return format_time(self._clock.now())


def _count_posts(entries: list[Entry]) -> int:
    return sum(not isinstance(entry, Gap) for entry in entries)
