"""X's filtered stream v2 as a source: reconnects with X's own back-off and records each gap."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from libs.service.metrics import RECONNECTS
from libs.sources.gaps import GapTracker, ReadingLag
from libs.sources.x.api import Api, ByteStream, HttpError, NetworkError, TweepyApi, reconcile_rules
from libs.sources.x.backoff import XBackoff
from libs.sources.x.frames import LineBuffer
from libs.sources.x.posts import InStreamError, parse_post
from libs.sources.x.spending import BudgetSpentError, Spending
from libs.values.addresses import XAddress
from libs.values.position import Chunk, Position
from libs.values.times import format_time
from libs.values.topics import require_rules
from libs.values.tweet import DeadLetter, Entry, derive_id
from sentiment.errors import PermanentError, TransientError
from sentiment.service.clock import Clock

logger = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS: Final = 10.0  # X cuts off whoever reads later than this; better to reconnect and record the gap


class XSource:
    """Posts that match TRACK's rules, which are made to stand on X's servers, those and no others."""

    def __init__(
        self, address: XAddress, track: str, daily_post_budget: int, clock: Clock, api: Api | None = None
    ) -> None:
        """``daily_post_budget``: posts X may bill a day, 0 for no limit; ``api``: another way to X, for tests in virtual time."""
        self.key = address.url.split("?", 1)[0]
        self.problem = ""
        self._topics = require_rules(track)
        self._clock = clock
        self._api: Api = api or TweepyApi(address)
        self._backoff = XBackoff(clock)
        self._budget = daily_post_budget
        self._names: dict[str, str] = {}

    def check(self) -> None:
        """Read the rules, which costs no posts and no connection."""
        self._api.read_rules()

    def parse(self, original: bytes) -> list[Entry]:
        """Read one message."""
        return [parse_post(original, self._names, self._now())]

    def read(self, position: Position) -> Iterator[Chunk]:
        """Read for ever. The cursor is the day's spending; gaps lie between the last byte of a connection and the next."""
        gaps = GapTracker("x", self.key, position.seen_at)
        spending = Spending(position.cursor, self._budget, self._clock)
        emitted = position.emitted
        yield Chunk(list(gaps.begin("restart")), position)
        while True:
            try:
                stream = self._connect(spending)
                gaps.seen_at = self._now()
                yield Chunk(
                    list(gaps.end(gaps.seen_at, recovered=False)), Position(spending.cursor, gaps.seen_at, emitted)
                )
                lag = ReadingLag()
                for entries in self._read_stream(stream, spending, lag):
                    gaps.seen_at, emitted = self._now(lag), emitted + len(entries)
                    yield Chunk(entries, Position(spending.cursor, gaps.seen_at, emitted))
            except TransientError as error:
                opened = gaps.begin(error.code, error.detail)
                yield Chunk(list(opened), Position(spending.cursor, gaps.seen_at, emitted))
                self._wait_after(error)

    def _connect(self, spending: Spending) -> ByteStream:
        spending.require_some_left()
        self._backoff.wait_for_connect()
        self._names = reconcile_rules(self._api, self._topics)
        stream = self._api.open_stream()
        self.problem = ""
        logger.info("connected to X", extra={"rules": len(self._names)})
        return stream

    def _read_stream(self, stream: ByteStream, spending: Spending, lag: ReadingLag) -> Iterator[list[Entry]]:
        """Yield what each read brought, an empty list for a keep-alive; raises why the stream ended."""
        buffer = LineBuffer()
        try:
            while True:
                asked = self._clock.monotonic()
                lines = buffer.feed(stream.read())
                read = self._clock.monotonic()
                lag.wait(read - asked)
                self._backoff.succeed()
                entries, ending = self._parse_lines(lines)
                spending.add(len(entries))
                yield entries
                if ending:
                    raise ending
                held_up = self._clock.monotonic() - read
                lag.hold_up(held_up)
                if held_up > _LONGEST_PAUSE_SECONDS:
                    raise NetworkError("reader_paused", "the spool took no more; reading paused until it had room")
                spending.require_some_left()
        finally:
            stream.close()

    def _parse_lines(self, lines: list[bytes]) -> tuple[list[Entry], InStreamError | None]:
        entries: list[Entry] = []
        for line in lines:
            if not line.strip():
                continue
            try:
                entries.append(parse_post(line, self._names, self._now()))
            except InStreamError as error:
                return entries, error
            except PermanentError as error:
                letter = derive_id(self.key, line.decode("utf-8", "replace"))
                entries.append(DeadLetter(letter, "x", "stream", error.code, error.detail, line, self._now()))
        return entries, None

    def _wait_after(self, error: TransientError) -> None:
        logger.warning("X interrupted", extra={"code": error.code, "detail": error.detail})
        RECONNECTS.labels(error.code).inc()
        self.problem = error.detail
        match error:
            case BudgetSpentError():
                self._clock.wait(error.retry_after_seconds)
            case HttpError(status=429):
                self._backoff.wait_after_limit(error.reset)
            case HttpError():
                self._backoff.wait_after_http_error()
            case _:
                self._backoff.wait_after_network_error()

    def _now(self, lag: ReadingLag | None = None) -> str:
        return format_time(self._clock.now() - timedelta(seconds=lag.seconds if lag else 0.0))
