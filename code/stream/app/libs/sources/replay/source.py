"""Replay of a file as if it were a live source: at a chosen rate, again and again if asked, resuming where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from libs.sources.replay.file import PostFile, inspect_file, make_tweet
from libs.values.addresses import ReplayAddress
from libs.values.position import Chunk, Position
from libs.values.times import now
from libs.values.topics import Matcher, compile_matchers, match_topics, parse_track
from libs.values.tweet import DeadLetter, Entry, Tweet, derive_id
from sentiment.errors import PermanentError
from sentiment.labelled.records import Fault, Record
from sentiment.service.clock import Clock

_CHUNK: Final = 256
_BEAT_SECONDS: Final = 0.1  # at a slow rate a chunk holds what is due in this time


class ReplaySource:
    """A file of posts: CSV, TSV or JSON lines, plain or packed (``sentiment.labelled``)."""

    def __init__(self, address: ReplayAddress, track: str, clock: Clock) -> None:
        """``track``: topics whose posts are kept, empty for all."""
        self._address = address
        self._matchers: tuple[Matcher, ...] = compile_matchers(parse_track(track))
        self._clock = clock
        self.key = self._address.path.as_uri()
        self.problem = ""

    def check(self) -> None:
        """Raise ``PermanentError`` when the file is missing, empty or has no column that holds the text."""
        self._inspect()

    def parse(self, original: bytes) -> list[Entry]:
        """Read one record in the file's format."""
        file = self._inspect()
        entries = [self._make_entry(record, file, 0) for record in file.parse(original)]
        for entry in entries:
            if isinstance(entry, DeadLetter):
                raise PermanentError(entry.detail, code=entry.reason)
        return [entry for entry in entries if entry]

    def read(self, position: Position) -> Iterator[Chunk]:
        """Yield the file's rows; the cursor is ``lap:line``. Laps after the first mark their ids with ``~lap``."""
        if position.finished:
            return
        file = self._inspect()
        lap, line = (int(part) for part in (position.cursor or "0:0").split(":"))
        emitted, pace = position.emitted, _Pace(self._address.rate, self._clock)
        while True:
            for entries, line_read in self._read_lap(file, lap, line):
                pace.wait_for(len(entries))
                emitted += len(entries)
                yield Chunk(entries, Position(f"{lap}:{line_read}", now(), emitted))
                line = line_read
            if not self._address.loop:
                yield Chunk([], Position(f"{lap}:{line}", now(), emitted, finished=True))
                return
            lap, line = lap + 1, 0

    def _inspect(self) -> PostFile:
        return inspect_file(self._address.path, self._address.options)

    def _read_lap(self, file: PostFile, lap: int, line: int) -> Iterator[tuple[list[Entry], int]]:
        entries: list[Entry] = []
        size = _CHUNK if not self._address.rate else min(_CHUNK, max(1, int(self._address.rate * _BEAT_SECONDS)))
        for record in file.read(line):
            entry = self._make_entry(record, file, lap)
            line = record.line
            if entry:
                entries.append(entry)
            if len(entries) >= size:
                yield entries, line
                entries = []
        yield entries, line

    def _make_entry(self, record: Record | Fault, file: PostFile, lap: int) -> Entry | None:
        position = f"{self._address.path.name} line {record.line}" + (f" lap {lap}" if lap else "")
        if isinstance(record, Fault):
            return self._bury(record, position)
        try:
            tweet = make_tweet(
                record.values, file.columns, position=position, fallback_id=derive_id(self.key, str(record.line))
            )
        except PermanentError as error:
            original = repr(record.values).encode("utf-8", "backslashreplace")
            return self._bury(Fault(error.code, error.detail, original, record.line), position)
        if lap:
            tweet = tweet._replace(id=f"{tweet.id}~{lap}")
        return self._add_topics(tweet)

    def _add_topics(self, tweet: Tweet) -> Tweet | None:
        if not self._matchers:
            return tweet
        names = {matcher.name for matcher in self._matchers}
        found = match_topics(self._matchers, tweet.text)
        if not found and names.isdisjoint(tweet.topics):
            return None
        return tweet._replace(topics=tuple(dict.fromkeys((*found, *tweet.topics))))

    def _bury(self, fault: Fault, position: str) -> DeadLetter:
        letter = derive_id(self.key, position)
        return DeadLetter(letter, "replay", position, fault.reason, fault.detail, fault.original, now())


class _Pace:
    """Lets rows through at a rate, without catching up in a burst after a pause of more than a second."""

    def __init__(self, rate: float, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._due = clock.monotonic()

    def wait_for(self, rows: int) -> None:
        if self._rate:
            self._due = max(self._due, self._clock.monotonic() - 1.0) + rows / self._rate
            self._clock.wait(self._due - self._clock.monotonic())
        elif self._clock.stopped:
            self._clock.wait(0)
