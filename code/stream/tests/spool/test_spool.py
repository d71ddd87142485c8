"""What every spool must do; run on a folder and on SQS over HTTP."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from makers import make_tweet

from develop.simulators.serve import ServeSimulator
from libs.results import Results, open_results
from libs.scoring.analyze import Analyzer
from libs.scoring.predict import ServeClient
from libs.spool import Parcel, Spool, SpoolFullError
from libs.spool.folder import FolderSpool
from libs.spool.lock import lock_role
from libs.spool.queue import QueueSpool
from libs.values.addresses import FolderAddress, parse_spool_url
from libs.values.position import Position
from libs.values.result import ResultBatch
from libs.values.tweet import DeadLetter, Entry, Gap, Removal
from sentiment.errors import ConfigurationError, TransientError
from sentiment.service.clock import StoppedError, WallClock
from sentiment.service.threads import start_thread

HERE = Path(__file__).parents[1]
ENTRIES: list[Entry] = [
    make_tweet("1", text="ü😀\n", topics=("a", "b"), replaces=("0",)),
    Removal("9", "2026-03-01T12:00:00.000Z", "deleted", "3a"),
    Gap("g", "x", "2026-03-01T12:00:00.000Z", "", "stalled", recovered=False),
    DeadLetter("d", "replay", "line 3", "not_utf8", "why", b"\x00\xff", "2026-03-01T12:00:00.000Z"),
]


@pytest.fixture(params=["folder", "sqs"])
def open_spool(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Spool]:
    """Each call opens the same spool anew, as another process would."""
    results = open_results(f"sqlite:///{tmp_path}/results.db")
    results.prepare()
    if request.param == "folder":
        return lambda most=1000: FolderSpool(tmp_path / "spool", most)
    request.getfixturevalue("aws")
    name = f"spool-{uuid4().hex}"
    return lambda most=1000: QueueSpool(name, most, results)


def take_all(spool: Spool) -> list[Parcel]:
    """SQS may answer with nothing although there is something."""
    parcels: list[Parcel] = []
    for _ in range(5):
        parcels += spool.take(1000, 0.0)
    return parcels


def entries_of(parcels: list[Parcel]) -> list[Entry]:
    return [entry for parcel in parcels for entry in parcel.entries]


def test_every_kind_of_entry_comes_out_as_it_went_in(open_spool: Callable[..., Spool]) -> None:
    spool = open_spool()
    spool.put("source", ENTRIES, Position("1", "2026-03-01T12:00:00.000Z", 4))
    assert entries_of(take_all(spool)) == ENTRIES


def test_entries_and_position_survive_a_new_start(open_spool: Callable[..., Spool]) -> None:
    position = Position("7", "2026-03-01T12:00:00.000Z", 4, finished=True)
    open_spool().put("source", ENTRIES, position)
    spool = open_spool()
    assert spool.read_position("source") == position
    assert spool.read_position("another") == Position()
    assert entries_of(take_all(spool)) == ENTRIES


def test_what_is_given_back_is_taken_again_and_what_is_acknowledged_never(open_spool: Callable[..., Spool]) -> None:
    spool = open_spool()
    for number in range(4):
        spool.put("source", [make_tweet(str(number))], None)
    parcels = take_all(spool)
    assert len(parcels) == 4
    done, undone = parcels[:2], parcels[2:]
    spool.acknowledge(done)
    spool.give_back(undone)
    again = open_spool() if spool.ordered else spool
    assert sorted(entry.id for entry in entries_of(take_all(again))) == sorted(entry.id for entry in entries_of(undone))  # type: ignore[union-attr]


def test_nothing_is_taken_twice_by_one_worker(open_spool: Callable[..., Spool]) -> None:
    spool = open_spool()
    spool.put("source", [make_tweet("1")], None)
    assert len(take_all(spool)) == 1
    spool.put("source", [make_tweet("2")], None)
    assert [entry.id for entry in entries_of(take_all(spool))] == ["2"]  # type: ignore[union-attr]


def test_a_position_alone_moves_without_entries(open_spool: Callable[..., Spool]) -> None:
    spool = open_spool()
    spool.put("source", [], Position("5", "2026-03-01T12:00:00.000Z", 3))
    assert spool.read_position("source").cursor == "5"
    assert take_all(spool) == []


def test_a_full_spool_takes_nothing_and_keeps_the_position(open_spool: Callable[..., Spool]) -> None:
    spool = open_spool(3)
    spool.put("source", [make_tweet(str(number)) for number in range(3)], Position("1"))
    with pytest.raises(SpoolFullError):
        spool.put("source", [make_tweet("4")], Position("2"))
    assert spool.read_position("source").cursor == "1"


def test_many_large_posts_go_in_at_once(open_spool: Callable[..., Spool]) -> None:
    spool = open_spool(10_000)
    import random

    letters = random.Random(1)
    tweets = [
        make_tweet(str(number), text="".join(letters.choices("abcdefghijklmnopqrstuvwxyzäöü 😀", k=3000)))
        for number in range(300)
    ]
    spool.put("source", tweets, None)
    assert sorted(entry.id for entry in entries_of(take_all(spool))) == sorted(tweet.id for tweet in tweets)  # type: ignore[union-attr]


def test_the_check_passes_on_a_spool_that_works(open_spool: Callable[..., Spool]) -> None:
    spool = open_spool()
    spool.check()
    assert entries_of(take_all(spool)) == [], "checking leaves nothing behind"


def test_a_damaged_parcel_is_given_out_as_its_bytes(tmp_path: Path) -> None:
    import sqlite3

    spool = FolderSpool(tmp_path, 10)
    spool.put("source", [make_tweet("1")], None)
    with sqlite3.connect(tmp_path / "spool.db") as database:
        database.execute("UPDATE parcels SET data = x'ff00'")
    database.close()
    assert [(parcel.damaged, parcel.entries) for parcel in spool.take(10, 0)] == [(b"\xff\x00", [])]


def test_a_folder_that_cannot_be_written_is_a_passing_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TransientError) as caught:
        FolderSpool(tmp_path / "file" / "spool", 10)
    assert caught.value.code == "spool_down"


def test_one_process_at_a_time_does_a_role(tmp_path: Path) -> None:
    with lock_role(FolderAddress(tmp_path), "ingest"):
        with pytest.raises(TransientError, match="another process"), lock_role(FolderAddress(tmp_path), "ingest"):
            pass
        with lock_role(FolderAddress(tmp_path), "analyze"):
            pass
    with lock_role(FolderAddress(tmp_path), "ingest"):
        pass


WRITER = """
import sys
from libs.spool.folder import FolderSpool
from libs.values.position import Position
from makers import make_tweet
spool = FolderSpool(sys.argv[1], 1_000_000)
number = 0
while True:
    spool.put("s", [make_tweet(str(number + step)) for step in range(7)], Position(str(number + 7)))
    number += 7
    print(number, flush=True)
"""


def test_what_put_returned_for_is_there_after_sigkill(tmp_path: Path) -> None:
    """The writer says how far it got after each put; whatever it said is in the spool, in order, with its position."""
    environment = {"PYTHONPATH": f"{HERE}:{HERE.parent / 'app'}", "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, env=environment
    ) as writer:
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(20)]
        writer.kill()
        said += [int(line) for line in writer.stdout.read().split()]
    spool = FolderSpool(tmp_path, 1_000_000)
    ids = [int(entry.id) for entry in entries_of(spool.take(1_000_000, 0))]  # type: ignore[union-attr]
    assert ids == list(range(len(ids)))
    assert len(ids) >= said[-1]
    assert spool.read_position("s").cursor == str(len(ids))
    assert spool.count() == len(ids)


def test_sqs_messages_that_nobody_can_work_off_become_dead_letters(aws: str, tmp_path: Path) -> None:
    results = open_results(f"sqlite:///{tmp_path}/results.db")
    spool = QueueSpool(f"dead-{uuid4().hex}", 100, results)
    spool.put("source", [make_tweet("1"), ENTRIES[2]], None)
    for _ in range(25):  # received and given back more often than SQS puts up with
        spool.give_back(spool.take(10, 0))
    spool._dead_read = 0.0
    found = entries_of(spool.take(10, 0))
    assert [type(entry).__name__ for entry in found] == ["DeadLetter", "Gap"]
    assert isinstance(found[0], DeadLetter)
    assert found[0].reason == "undeliverable"


def test_another_worker_gets_what_a_dead_one_held_only_after_its_time(aws: str, tmp_path: Path) -> None:
    results = open_results(f"sqlite:///{tmp_path}/results.db")
    name = f"visibility-{uuid4().hex}"
    first, second = QueueSpool(name, 100, results), QueueSpool(name, 100, results)
    first.put("source", [make_tweet("1")], None)
    held = first.take(10, 0)
    first.keep_alive(held)
    assert held
    assert second.take(10, 0) == []


def test_parcels_in_hand_are_kept_from_other_workers_for_as_long_as_the_store_is_down(aws: str, tmp_path: Path) -> None:
    """Longer than the queue hides them: only the extension keeps the second worker from doing the work again."""
    results = open_results(f"sqlite:///{tmp_path}/results.db")
    results.prepare()
    name, clock = f"held-{uuid4().hex}", WallClock()
    first, second = (QueueSpool(name, 100, results, visibility_seconds=1) for _ in range(2))
    first.put("source", [make_tweet("1")], None)
    serve = ServeSimulator()
    down = Down(results)
    analyzer = Analyzer(first, ServeClient(serve.url, None, clock), down.store, clock, 10)
    work = start_thread("analyze", lambda: analyzer.run(frozenset({"en"})))
    while not down.refused:
        time.sleep(0.02)
    deadline, taken = time.monotonic() + 3, []
    while time.monotonic() < deadline:
        taken += second.take(10, 0)
    down.up = True
    while second.count():
        time.sleep(0.05)
    clock.stop.set()
    serve.close()
    with pytest.raises(StoppedError):
        work.result(10)
    assert taken == []
    assert set(results.read_by_id(["1"])) == {"1"}


class Down:
    """A results store that is down until it is up."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self.up = False
        self.refused = 0

    def store(self, batch: ResultBatch) -> None:
        if not self.up:
            self.refused += 1
            raise TransientError("down", code="results_down")
        self._results.store(batch)


@pytest.mark.parametrize("seconds", ["0", "-1", "half", "43201", ""])
def test_a_visibility_that_sqs_does_not_know_is_refused(seconds: str) -> None:
    with pytest.raises(ConfigurationError, match="visibility"):
        parse_spool_url(f"sqs://posts?visibility={seconds}")


def test_a_queue_address_is_a_name_and_perhaps_how_long_it_hides_what_was_taken() -> None:
    assert parse_spool_url("sqs://posts") == ("posts", 30)
    assert parse_spool_url("sqs://posts?visibility=5") == ("posts", 5)
    for wrong in ("sqs://", "sqs://a/b", "sqs://a?b=1", "file://host/folder"):
        with pytest.raises(ConfigurationError, match="names no spool"):
            parse_spool_url(wrong)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one MiB: a tmpfs, where one can be mounted."""
    done = subprocess.run(
        [str(shutil.which("mount")), "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("no right to mount a small file system here")
    try:
        yield tmp_path
    finally:
        time.sleep(0.1)
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


def test_a_disk_without_room_is_said_and_forgotten_when_there_is_some(tiny_disk: Path) -> None:
    spool = FolderSpool(tiny_disk / "spool", 1_000_000, reserve_bytes=100_000)
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(b"x" * 400_000)
    tweets = [make_tweet(str(number), text="x" * 1000) for number in range(200)]
    with pytest.raises(SpoolFullError, match="no room"):
        for number in range(20):
            spool.put("s", tweets, Position(str(number)))
    kept = spool.count()
    assert kept % 200 == 0
    assert len(entries_of(spool.take(100_000, 0))) == kept
    ballast.unlink()
    spool.put("s", tweets[:5], Position("after"))
    assert spool.read_position("s").cursor == "after"
    spool.close()


@pytest.mark.parametrize("posts", [1, 7, 100])
def test_a_disk_that_the_spool_itself_has_filled_is_worked_off_and_taken_from_again(
    tiny_disk: Path, posts: int
) -> None:
    spool, put = FolderSpool(tiny_disk / "spool", 1_000_000, reserve_bytes=600_000), 0
    for _ in range(2):
        with pytest.raises(SpoolFullError, match="no room"):
            while True:
                spool.put("s", [make_tweet(str(put + step), text="x" * 100) for step in range(posts)], None)
                put += posts
        assert spool.count() == put
        while parcels := spool.take(10, 0):
            spool.acknowledge(parcels)
        assert spool.count() == 0
        put = 0
    spool.put("s", [make_tweet("last")], None)
    assert [entry.id for entry in entries_of(spool.take(10, 0))] == ["last"]  # type: ignore[union-attr]
    spool.close()
