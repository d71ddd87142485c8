"""X's filtered stream: the wire format over real sockets, and the manners it asks for in virtual time."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from processes import local_environment, run_app
from virtual import VirtualClock

from develop.simulators.serve import ServeSimulator
from develop.simulators.x import TOKEN, XSimulator
from develop.simulators.x_messages import DISCONNECT, KEEP_ALIVE, make_message, split_anywhere
from libs.service.settings import IngestSettings, read_stream_settings
from libs.sources.x.api import HttpError, NetworkError, Rule
from libs.sources.x.frames import LONGEST_MESSAGE_BYTES, LineBuffer
from libs.sources.x.posts import InStreamError, parse_post
from libs.sources.x.source import XSource
from libs.values.addresses import XAddress
from libs.values.position import Chunk, Position
from libs.values.topics import Topic
from libs.values.tweet import DeadLetter, Entry, Gap, Tweet, pack_entries, unpack_entries
from sentiment.errors import PermanentError
from sentiment.service.clock import StoppedError, WallClock

DATA = Path(os.environ.get("SENTIMENT_DATA_DIR", Path(__file__).parents[6] / "shared" / "data"))
READ_AT = "2026-03-01T12:00:01.000Z"


def make_source(
    monkeypatch: pytest.MonkeyPatch, url: str, clock: Any, *, token: str = TOKEN, api: Any = None, **more: str
) -> XSource:
    values = {"SOURCE_URL": url, "X_BEARER_TOKEN": token, "TRACK": "acme=acme -is:retweet,delta", **more}
    values |= {"SPOOL_URL": "file:///unused", "RESULTS_URL": "sqlite:////unused"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings = read_stream_settings("ingest")
    assert isinstance(settings, IngestSettings)
    assert isinstance(settings.source_address, XAddress)
    return XSource(settings.source_address, settings.track, settings.x_daily_post_budget, clock, api)


def read_until(source: XSource, enough: Any, position: Position | None = None) -> list[Chunk]:
    chunks: list[Chunk] = []
    for chunk in source.read(position or Position()):
        chunks.append(chunk)
        if enough([entry for known in chunks for entry in known.entries]):
            return chunks
    raise AssertionError("the source ended")


def entries_of(chunks: list[Chunk]) -> list[Entry]:
    return [entry for chunk in chunks for entry in chunk.entries]


@pytest.fixture
def x() -> Iterator[XSimulator]:
    simulator = XSimulator()
    yield simulator
    simulator.close()


# --- one message


def test_a_post_with_everything_becomes_a_tweet() -> None:
    post = parse_post(make_message("1273026480692322304", "Look 🐱"), {}, READ_AT)
    assert post == Tweet(
        id="1273026480692322304", user="ann", text="Look 🐱", posted_at="2026-03-01T12:00:00.000Z", source="x", topics=("acme",),
        lang="en", position="post 1273026480692322304", read_at=READ_AT,
    )  # fmt: skip


def test_only_id_and_text_are_needed() -> None:
    post = parse_post(b'{"data":{"text":"hi","id":"5"},"later":1}', {}, READ_AT)
    assert (post.user, post.posted_at, post.topics, post.lang) == ("unknown", READ_AT, (), "")
    assert parse_post(b'{"data":{"id":"5","text":"hi","author_id":"77"}}', {}, READ_AT).user == "77"


def test_a_rule_without_a_tag_is_known_by_its_id_also_a_number_beyond_2_to_the_53() -> None:
    message = b'{"data":{"id":"5","text":"hi"},"matching_rules":[{"id":1436114489988968481}]}'
    assert parse_post(message, {"1436114489988968481": "dogs"}, READ_AT).topics == ("dogs",)


def test_an_edit_names_the_versions_it_replaces_and_never_later_ones() -> None:
    ids = ["999", "1000", "1001"]
    assert parse_post(make_message("1000", edit_history_tweet_ids=ids), {}, READ_AT).replaces == ("999",)
    assert parse_post(make_message("1001", edit_history_tweet_ids=ids), {}, READ_AT).replaces == ("999", "1000")


def test_lone_surrogates_and_nul_cannot_stop_a_post() -> None:
    assert parse_post(b'{"data":{"id":"5","text":"a\\ud83d b\\u0000"}}', {}, READ_AT).text == "a\ufffd b\ufffd"


def test_no_text_of_a_message_can_hold_what_the_spool_cannot() -> None:
    message = b'{"data":{"id":"5","text":"a","lang":"\\udc00","edit_history_tweet_ids":["5"]},"matching_rules":[{"tag":"\\ud800"}]}'
    post = parse_post(message, {}, READ_AT)
    assert unpack_entries(pack_entries([post])) == [post]


@pytest.mark.parametrize(
    "message",
    [
        b"[" * 100_000,
        b'{"data":{"id":"5\\ud83d","text":"a"}}',
        b'{"data":{"id":"x","text":"a"}}',
        b'{"data":{"id":"5","text":"a","author_id":"x"}}',
        b'{"data":{"id":"5","text":"a","edit_history_tweet_ids":7}}',
        b"nonsense",
        b"[1]",
        b'{"data":{"id":"5"}}',
        b'{"data":7}',
        b'{"meta":{}}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_post_is_told_so(message: bytes) -> None:
    with pytest.raises(PermanentError):
        parse_post(message, {}, READ_AT)


def test_an_error_in_the_stream_is_passing() -> None:
    with pytest.raises(InStreamError) as caught:
        parse_post(DISCONNECT.strip(), {}, READ_AT)
    assert caught.value.code == "operational-disconnect"


def test_the_documented_examples_are_read() -> None:
    folder = DATA / "payloads" / "x_v2_docs"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here: set SENTIMENT_DATA_DIR to run on X's own examples")
    for name in ("posts__filtered-stream__integrate__matching-returned-tweets__1", "posts__filtered-stream__quickstart__1",
                 "filtered_stream_numeric_rule_id_2021", "fundamentals__edit-posts__2"):  # fmt: skip
        payload = json.loads((folder / f"{name}.json").read_text())
        assert parse_post(json.dumps(payload).encode(), {}, READ_AT).text == payload["data"]["text"]


@pytest.mark.parametrize("seed", range(20))
def test_lines_come_out_whole_wherever_the_chunks_are_cut(seed: int) -> None:
    lines = [make_message(str(number)).strip() for number in range(5)] + [b"", b"x" * 50]
    buffer = LineBuffer()
    found = [line for piece in split_anywhere(b"\r\n".join(lines) + b"\r\n", seed) for line in buffer.feed(piece)]
    assert found == lines


def test_a_line_without_end_is_cut_and_memory_stays_bounded() -> None:
    buffer = LineBuffer()
    found = [line for _ in range(40) for line in buffer.feed(b"x" * 10_000)]
    assert [len(line) for line in found] == [pytest.approx(LONGEST_MESSAGE_BYTES, abs=10_000)]
    assert buffer.feed(b"tail\r\ngood\r\n") == [b"good"]


# --- over real sockets


def test_posts_come_through_torn_chunks_with_keep_alives_between(
    x: XSimulator, monkeypatch: pytest.MonkeyPatch, clock: WallClock
) -> None:
    data = b"".join(make_message(str(number)) + KEEP_ALIVE * (number % 3) for number in range(50))
    x.connections = [[*split_anywhere(data, 7), 5]]
    chunks = read_until(make_source(monkeypatch, x.url, clock), lambda entries: len(entries) == 50)
    assert [entry.id for entry in entries_of(chunks) if isinstance(entry, Tweet)] == [
        str(number) for number in range(50)
    ]
    assert chunks[-1].position.emitted == 50
    assert "tweet.fields=author_id" in x.queries[0]
    assert "expansions=author_id" in x.queries[0]


def test_rules_on_the_server_become_those_of_track(
    x: XSimulator, monkeypatch: pytest.MonkeyPatch, clock: WallClock
) -> None:
    x.rules = {
        "7": {"value": "delta", "tag": "delta"},
        "8": {"value": "left over", "tag": "old"},
        "9": {"value": "untagged"},
    }
    x._next_rule = 10
    x.connections = [[make_message("1", rule="10", tag=None), 5], [make_message("2"), 5]]
    source = make_source(monkeypatch, x.url, clock)
    (tweet,) = [entry for entry in entries_of(read_until(source, lambda entries: entries)) if isinstance(entry, Tweet)]
    assert x.rules == {"7": {"value": "delta", "tag": "delta"}, "10": {"value": "acme -is:retweet", "tag": "acme"}}
    assert tweet.topics == ("acme",), "told by the rule's id"
    changes = x.calls["POST /2/tweets/search/stream/rules"]
    read_until(make_source(monkeypatch, x.url, clock), lambda entries: entries)
    assert x.calls["POST /2/tweets/search/stream/rules"] == changes, "rules that stand are left alone"


def test_every_way_a_connection_ends_is_a_gap_that_the_next_one_closes(
    x: XSimulator, monkeypatch: pytest.MonkeyPatch, clock: WallClock
) -> None:
    x.connections = [
        [make_message("1")],  # closed cleanly
        [make_message("2"), None],  # torn
        [make_message("3"), DISCONNECT, 5],  # said why
        [b"not json\r\n", make_message("4"), 5],
    ]
    chunks = read_until(
        make_source(monkeypatch, x.url, clock),
        lambda entries: any(isinstance(e, Tweet) and e.id == "4" for e in entries),
    )
    gaps = [entry for entry in entries_of(chunks) if isinstance(entry, Gap)]
    opened, closed = [gap for gap in gaps if not gap.ended_at], [gap for gap in gaps if gap.ended_at]
    assert [gap.reason for gap in opened] == ["closed", "connection_lost", "operational-disconnect"]
    assert [gap.id for gap in opened] == [gap.id for gap in closed]
    assert all(gap.started_at <= gap.ended_at and not gap.recovered for gap in closed)
    (letter,) = [entry for entry in entries_of(chunks) if isinstance(entry, DeadLetter)]
    assert (letter.reason, letter.original) == ("not_json", b"not json")


def test_a_connection_that_says_nothing_for_20_seconds_is_left(
    x: XSimulator, monkeypatch: pytest.MonkeyPatch, clock: WallClock
) -> None:
    monkeypatch.setattr("libs.sources.x.api.STALL_SECONDS", 1.0)  # the rule is tested, not the patience
    x.connections = [[make_message("1"), 4], [make_message("2"), 5]]
    started = time.monotonic()
    chunks = read_until(
        make_source(monkeypatch, x.url, clock),
        lambda entries: any(isinstance(e, Tweet) and e.id == "2" for e in entries),
    )
    assert 1.0 <= time.monotonic() - started < 3.5
    assert "stalled" in [entry.reason for entry in entries_of(chunks) if isinstance(entry, Gap)]


def test_a_restart_is_a_gap_from_the_last_thing_seen(
    x: XSimulator, monkeypatch: pytest.MonkeyPatch, clock: WallClock
) -> None:
    x.connections = [[make_message("1"), 5]]
    seen = "2026-03-01T11:00:00.000Z"
    chunks = read_until(
        make_source(monkeypatch, x.url, clock), lambda entries: len(entries) == 3, Position("", seen, 9)
    )
    opened, closed, tweet = entries_of(chunks)
    assert isinstance(opened, Gap)
    assert isinstance(closed, Gap)
    assert (opened.reason, opened.started_at, opened.ended_at) == ("restart", seen, "")
    assert (closed.id, closed.started_at, closed.recovered) == (opened.id, seen, False)
    assert isinstance(tweet, Tweet)
    assert chunks[-1].position.emitted == 10


def test_sigterm_during_a_back_off_ends_it_within_a_second(
    tmp_path: Path, serve: ServeSimulator, x: XSimulator
) -> None:
    more = {"X_BEARER_TOKEN": "wrong", "TRACK": "acme"}
    with run_app(local_environment(tmp_path, serve.url, x.url, **more), tmp_path) as app:
        answer = app.wait_until("/ready", lambda ready: not ready["ready"])
        assert "source: X answers 401" in answer["reasons"][0]
        assert app.stop() < 1.0
        assert "wrong" not in app.log.read_text()


def test_posts_of_x_reach_the_table(tmp_path: Path, serve: ServeSimulator, x: XSimulator) -> None:
    x.connections = [[*(make_message(str(number)) for number in range(100, 130)), None],
                     [make_message("99", edit_history_tweet_ids=["99"]), make_message("131", edit_history_tweet_ids=["100", "131"]), 60]]  # fmt: skip
    more = {"X_BEARER_TOKEN": TOKEN, "TRACK": "acme"}
    with run_app(local_environment(tmp_path, serve.url, x.url, **more), tmp_path) as app:
        progress = app.wait_until("/api/progress", lambda progress: progress["read"] == 32 and not progress["spooled"])
        assert (progress["stored"], progress["removed"]) == (31, 1), "the edit took its first version's place"
        (gap,) = app.get("/api/gaps")["gaps"]
        assert gap["ended_at"]
        assert app.get("/api/tweets?limit=1")["tweets"][0]["user"] == "ann"


# --- in virtual time


class FakeStream:
    """Plays pieces; a number lets time pass; then it ends as told."""

    def __init__(self, clock: VirtualClock, pieces: Sequence[Any], ending: Exception) -> None:
        self._clock = clock
        self._pieces = list(pieces)
        self._ending = ending

    def read(self) -> bytes:
        while self._pieces:
            piece = self._pieces.pop(0)
            if isinstance(piece, bytes):
                return piece
            self._clock.pass_time(piece)
        raise self._ending

    def close(self) -> None:
        pass


class FakeX:
    """X as its rules describe it: it counts connects in the last 15 minutes and answers 429 beyond 50."""

    def __init__(self, clock: VirtualClock, play: Any) -> None:
        self._clock = clock
        self._play = play
        self.connects: list[float] = []
        self.limited = 0
        self._rules = [Rule("1", "acme -is:retweet", "acme"), Rule("2", "delta", "delta")]

    def read_rules(self) -> list[Rule]:
        return self._rules

    def change_rules(self, delete: Sequence[str], add: Sequence[Topic]) -> None:
        raise AssertionError("the rules stand already")

    def open_stream(self) -> Any:
        now = self._clock.monotonic()
        self.connects.append(now)
        if sum(now - moment < 900 for moment in self.connects) > 50:
            self.limited += 1
            raise HttpError(429, "too many", int(self._clock.now().timestamp()) + 60)
        return self._play(len(self.connects))


def run_virtually(monkeypatch: pytest.MonkeyPatch, clock: VirtualClock, api: Any, **more: str) -> list[Entry]:
    source = make_source(monkeypatch, "x://api.x.com", clock, api=api, **more)
    entries: list[Entry] = []
    with pytest.raises(StoppedError):
        for chunk in source.read(Position()):
            entries += chunk.entries
    return entries


def fail_with(error: Exception) -> Any:
    def play(_number: int) -> Any:
        raise error

    return play


def test_bad_credentials_never_lead_to_a_429(monkeypatch: pytest.MonkeyPatch) -> None:
    """X's own acceptance test."""
    clock = VirtualClock(24 * 3600)
    x = FakeX(clock, fail_with(HttpError(401, "bad token", None)))
    run_virtually(monkeypatch, clock, x)
    assert x.limited == 0
    assert clock.waits[:8] == [5, 10, 20, 40, 80, 160, 320, 320]


def test_network_errors_wait_a_quarter_second_more_each_time_up_to_16(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock(3600)
    x = FakeX(clock, fail_with(NetworkError("connection_lost", "no route")))
    run_virtually(monkeypatch, clock, x)
    assert clock.waits[:4] == [0, 0.25, 0.5, 0.75]
    assert max(wait for wait in clock.waits if wait < 100) <= 16
    assert x.limited == 0


def test_a_429_waits_a_minute_doubling_and_not_before_the_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock(2000)
    x = FakeX(clock, fail_with(HttpError(429, "slow down", None)))
    run_virtually(monkeypatch, clock, x)
    assert clock.waits[:4] == [60, 120, 240, 480]
    clock = VirtualClock(2000)
    reset = int(clock.now().timestamp()) + 700
    run_virtually(monkeypatch, clock, FakeX(clock, fail_with(HttpError(429, "slow down", reset))))
    assert clock.waits[0] == pytest.approx(701)


def test_clean_closes_in_a_storm_never_lead_to_a_429(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock(3600)
    x = FakeX(
        clock, lambda number: FakeStream(clock, [0.1, make_message(str(number)), 0.1], NetworkError("closed", "bye"))
    )
    entries = run_virtually(monkeypatch, clock, x)
    assert x.limited == 0
    assert len([entry for entry in entries if isinstance(entry, Tweet)]) == len(x.connects)


def test_the_daily_budget_stops_reading_until_midnight_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock(20 * 3600)
    x = FakeX(
        clock,
        lambda number: FakeStream(
            clock,
            [1.0, *[make_message(f"{number}{n}") for n in range(10)], *[KEEP_ALIVE, 15] * 50],
            NetworkError("closed", "x"),
        ),
    )
    entries = run_virtually(monkeypatch, clock, x, X_DAILY_POST_BUDGET="25")
    gaps = [entry for entry in entries if isinstance(entry, Gap) and entry.reason == "daily_budget"]
    assert gaps
    assert "X_DAILY_POST_BUDGET=25" in gaps[0].detail
    assert "2026-03-02T00:00:00" <= gaps[1].ended_at < "2026-03-02T00:01:00"
    first_day = [entry for entry in entries if isinstance(entry, Tweet) and entry.read_at < "2026-03-02"]
    assert 25 <= len(first_day) <= 30


def test_the_days_spending_survives_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock(3600)
    source = make_source(
        monkeypatch, "x://api.x.com", clock, api=FakeX(clock, fail_with(AssertionError())), X_DAILY_POST_BUDGET="25"
    )
    with pytest.raises(StoppedError):
        list(source.read(Position("2026-03-01:25", "2026-03-01T11:59:00.000Z", 25)))
    assert "used up" in source.problem


def test_a_reader_that_was_held_up_begins_anew_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The spool was full: X would cut off so slow a reader, with posts lost in between."""
    clock = VirtualClock(3600)
    x = FakeX(
        clock,
        lambda number: FakeStream(clock, [make_message(f"{number}{n}") for n in range(5)], NetworkError("closed", "x")),
    )
    source = make_source(monkeypatch, "x://api.x.com", clock, api=x)
    chunks = source.read(Position())
    for chunk in chunks:
        if any(isinstance(entry, Tweet) for entry in chunk.entries):
            clock.pass_time(60)
            break
    (gap,) = next(chunks).entries
    assert isinstance(gap, Gap)
    assert gap.reason == "reader_paused"


def test_a_gap_begins_before_what_a_held_up_reader_had_still_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight seconds without room in the spool: what lies in buffers then is lost with the connection."""
    clock = VirtualClock(3600)
    x = FakeX(
        clock,
        lambda number: FakeStream(
            clock, [1.0, make_message("1"), make_message("2")], NetworkError("connection_lost", "x")
        ),
    )
    chunks = make_source(monkeypatch, "x://api.x.com", clock, api=x).read(Position())
    held_up_at = 0.0
    for chunk in chunks:
        ids = [entry.id for entry in chunk.entries if isinstance(entry, Tweet)]
        if ids == ["1"]:
            held_up_at = clock.monotonic()
            clock.pass_time(8.0)
        gaps = [entry for entry in chunk.entries if isinstance(entry, Gap)]
        if gaps and held_up_at:
            break
    assert gaps[0].started_at == f"2026-03-01T12:00:0{held_up_at:.0f}.000Z"
