"""source → spool: bounded, in order, and nothing is lost while the spool is full or down."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from makers import make_tweet

from libs.spool.folder import FolderSpool
from libs.spool.ingest import Ingester
from libs.values.position import Chunk, Position
from libs.values.tweet import Entry
from sentiment.service.clock import WallClock


class Counting:
    """A source of numbered posts; it knows how many were asked of it."""

    key = "counting"
    trouble = ""

    def __init__(self, posts: int, chunk: int = 1) -> None:
        self._posts = posts
        self._chunk = chunk
        self.read_so_far = 0

    def read(self, position: Position) -> Iterator[Chunk]:
        for start in range(int(position.cursor or 0), self._posts, self._chunk):
            self.read_so_far = end = min(start + self._chunk, self._posts)
            tweets = [make_tweet(str(number)) for number in range(start, end)]
            yield Chunk(tweets, Position(str(end), "2026-03-01T12:00:00.000Z", end))

    def parse(self, original: bytes) -> list[Entry]:
        return []  # read() gives what is parsed already

    def check(self) -> None:
        """Nothing stands in the way."""


def take(spool: FolderSpool, acknowledge: bool = True) -> list[str]:
    parcels = spool.take(10_000, 0.2)
    if acknowledge:
        spool.acknowledge(parcels)
    return [entry.id for parcel in parcels for entry in parcel.entries]  # type: ignore[union-attr]


def test_everything_read_is_spooled_in_order_and_a_restart_goes_on(tmp_path: Path, clock: WallClock) -> None:
    for posts in (700, 1500):
        Ingester(Counting(posts), FolderSpool(tmp_path, 10_000), clock).run()
    assert take(FolderSpool(tmp_path, 10_000)) == [str(number) for number in range(1500)]


class Silent(Counting):
    """A live source that has just been started for the first time: it has said nothing yet."""

    def __init__(self, spool: FolderSpool) -> None:
        super().__init__(0)
        self._spool = spool
        self.kept_when_reading_began = Position()

    def read(self, position: Position) -> Iterator[Chunk]:
        assert position == Position(), "a first start is no restart"
        self.kept_when_reading_began = self._spool.read_position(self.key)
        yield Chunk([], position)


def test_a_kill_before_the_first_post_is_kept_leaves_its_trace(tmp_path: Path, clock: WallClock) -> None:
    """The oracle found it: with nothing kept, nobody could know that anything was missing."""
    spool = FolderSpool(tmp_path, 100)
    source = Silent(spool)
    Ingester(source, spool, clock).run()
    assert source.kept_when_reading_began.seen_at
    assert spool.read_position(source.key) == source.kept_when_reading_began


@pytest.mark.parametrize("chunk", [1, 256])
def test_a_full_spool_stops_reading_and_loses_nothing(tmp_path: Path, clock: WallClock, chunk: int) -> None:
    spool, source = FolderSpool(tmp_path, 300), Counting(5000, chunk)
    ingester = Ingester(source, spool, clock)
    thread = threading.Thread(target=ingester.run)
    thread.start()
    while not ingester.problem:
        clock.wait(0.01)
    assert "its limit is 300" in ingester.problem
    assert source.read_so_far < 3500, "what is read ahead is bounded"
    taken: list[str] = []
    while len(taken) < 5000:
        assert spool.count() <= 512 + chunk
        taken += take(spool)
    thread.join(10)
    assert taken == [str(number) for number in range(5000)]
    assert ingester.problem == ""


class Failing(FolderSpool):
    """A spool with a bug: it fails once, in a way that nobody expects."""

    failures = 0

    def put(self, key: str, entries: Sequence[Entry], position: Position | None) -> None:
        if self.count() > 100 and not self.failures:
            self.failures += 1
            raise ZeroDivisionError
        super().put(key, entries, position)


def test_after_an_unexpected_failure_reading_begins_anew_where_it_was_kept(tmp_path: Path, clock: WallClock) -> None:
    spool = Failing(tmp_path, 10_000)
    ingester = Ingester(Counting(3000), spool, clock)
    with pytest.raises(ZeroDivisionError):
        ingester.run()
    ingester.run()
    assert spool.failures == 1
    assert take(spool) == [str(number) for number in range(3000)]
