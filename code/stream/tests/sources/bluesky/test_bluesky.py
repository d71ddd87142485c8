"""Bluesky's Jetstream: events, cursors, edits, deletions and sockets that cannot be trusted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import local_environment, run_app

from develop.simulators.jetstream import JetstreamSimulator, make_event
from develop.simulators.serve import ServeSimulator
from libs.sources.bluesky.jetstream import parse_event
from libs.sources.bluesky.source import BlueskySource
from libs.values.position import Position
from libs.values.topics import compile_matchers, parse_track
from libs.values.tweet import DeadLetter, Entry, Gap, Removal, Tweet
from sentiment.errors import PermanentError
from sentiment.service.clock import WallClock

DATA = Path(os.environ.get("SENTIMENT_DATA_DIR", Path(__file__).parents[6] / "shared" / "data"))
NOW_US = 1_772_366_400_000_000  # 2026-03-01T12:00:00Z
SECOND = 1_000_000
READ_AT = "2026-03-01T12:00:01.000Z"
ACME = compile_matchers(parse_track("acme"))


@pytest.fixture
def network() -> Iterator[JetstreamSimulator]:
    simulator = JetstreamSimulator()
    yield simulator
    simulator.close()


def read_until(
    source: BlueskySource, position: Position, enough: Callable[[list[Entry]], bool]
) -> tuple[list[Entry], Position]:
    entries: list[Entry] = []
    for chunk in source.read(position):
        entries += chunk.entries
        position = chunk.position
        if enough(entries):
            break
    return entries, position


def posts(entries: list[Entry]) -> list[str]:
    return [entry.id.rpartition("/")[2] for entry in entries if isinstance(entry, Tweet)]


# --- one event


def parse(event: Any) -> Entry | None:
    return parse_event(json.dumps(event), ACME, READ_AT).entry


def test_a_post_becomes_a_tweet() -> None:
    assert parse(make_event(NOW_US, "k1", text="I love ACME 😀", langs=["en-US", "pt"])) == Tweet(
        id="bluesky:did:plc:ann/k1", user="did:plc:ann", text="I love ACME 😀", posted_at="2026-03-01T12:00:00.000Z", source="bluesky",
        topics=("acme",), lang="en-us", position=f"event {NOW_US}", read_at=READ_AT, revision=f"3m{NOW_US}",
    )  # fmt: skip


def test_what_is_about_something_else_means_nothing() -> None:
    assert parse(make_event(NOW_US, "k1", text="nothing to see")) is None
    assert parse({"did": "did:plc:a", "time_us": NOW_US, "kind": "identity", "identity": {}}) is None
    like = make_event(NOW_US, "k1")
    like["commit"]["collection"] = "app.bsky.feed.like"
    assert parse(like) is None


def test_deletions_and_edits_away_from_a_topic_remove_the_post() -> None:
    deleted = parse(make_event(NOW_US, "k1", "delete"))
    assert deleted == Removal("bluesky:did:plc:ann/k1", "2026-03-01T12:00:00.000Z", "deleted", f"3m{NOW_US}")
    edited_away = parse(make_event(NOW_US, "k1", "update", "nothing"))
    assert isinstance(edited_away, Removal)
    edited = parse(make_event(NOW_US, "k1", "update", "acme still"))
    assert isinstance(edited, Tweet)
    assert edited.replaces == (edited.id,)


def test_no_post_is_dated_after_the_network_saw_it() -> None:
    event = make_event(NOW_US, "k1")
    for claimed, kept in (("2099-01-01T00:00:00Z", "2026-03-01T12:00:00.000Z"), ("nonsense", "2026-03-01T12:00:00.000Z"),
                          ("2026-02-01T00:00:00Z", "2026-02-01T00:00:00.000Z")):  # fmt: skip
        event["commit"]["record"]["createdAt"] = claimed
        tweet = parse(event)
        assert isinstance(tweet, Tweet)
        assert tweet.posted_at == kept


@pytest.mark.parametrize(
    "message",
    [
        "x",
        "[]",
        "{}",
        '{"kind":"commit","did":"a","time_us":1}',
        '{"kind":"identity","did":"a","time_us":9000000000000000000}',
        '{"kind":"identity","did":"a","time_us":-1}',
        '{"kind":"commit","did":"a","time_us":"1","commit":{"collection":"a"}}',
    ],
)
def test_what_no_jetstream_sends_is_refused(message: str) -> None:
    with pytest.raises(PermanentError):
        parse_event(message, ACME, READ_AT)


def test_a_real_capture_is_read_to_its_last_event() -> None:
    path = DATA / "payloads" / "bluesky" / "jetstream_expected_v1.jsonl"
    if not path.is_file():
        pytest.skip(f"{path} is not here: set SENTIMENT_DATA_DIR to run on a real capture")
    entries = [parse_event(line, (), READ_AT).entry for line in path.read_text().splitlines()]
    assert len(entries) == 152
    assert sum(isinstance(entry, Tweet) for entry in entries) == 17
    assert sum(isinstance(entry, Removal) for entry in entries) == 1


# --- over real sockets


def test_it_goes_on_where_the_socket_closed_and_knows_that_nothing_is_missing(
    network: JetstreamSimulator, clock: WallClock
) -> None:
    network.endings = [("close", 3), ("tear", 9)]
    network.emit(*(make_event(NOW_US + number * SECOND, f"k{number}") for number in range(20)))
    start = Position(str(NOW_US + 4 * SECOND), "2026-03-01T11:59:00.000Z")
    entries, position = read_until(
        BlueskySource(network.url, "acme", clock), start, lambda entries: "k19" in posts(entries)
    )
    assert set(posts(entries)) == {f"k{number}" for number in range(20)}
    assert posts(entries).count("k0") > 1, "a few seconds come twice, which the store is ready for"
    closed = [entry for entry in entries if isinstance(entry, Gap) and entry.ended_at]
    assert [gap.reason for gap in closed] == ["restart", "closed", "connection_lost"] or len(closed) == 3
    assert all(gap.recovered for gap in closed)
    assert position.cursor == str(NOW_US + 19 * SECOND)
    assert network.fired["close"] == 1
    assert network.fired["tear"] == 1


def test_a_cursor_older_than_the_window_is_a_gap_that_nothing_recovers(
    network: JetstreamSimulator, clock: WallClock
) -> None:
    network.emit(make_event(NOW_US, "old"), make_event(NOW_US + 3600 * SECOND, "new"))
    network.oldest_us = NOW_US + 1800 * SECOND
    start = Position(str(NOW_US), "2026-03-01T12:00:00.000Z")
    entries, _ = read_until(BlueskySource(network.url, "acme", clock), start, lambda entries: bool(posts(entries)))
    (gap,) = [entry for entry in entries if isinstance(entry, Gap) and entry.ended_at]
    assert posts(entries) == ["new"]
    assert (gap.started_at, gap.ended_at, gap.recovered) == (
        "2026-03-01T12:00:00.000Z",
        "2026-03-01T13:00:00.000Z",
        False,
    )
    assert network.fired["clamped"] == 1


def test_a_cursor_clamped_by_seconds_is_noticed_too(network: JetstreamSimulator, clock: WallClock) -> None:
    """The last event seen is not sent again, so the server no longer has it, nor what came right after it."""
    network.emit(*(make_event(NOW_US + number * SECOND, f"k{number}") for number in range(9)))
    network.oldest_us = NOW_US + 3 * SECOND
    start = Position(str(NOW_US + SECOND), "2026-03-01T12:00:01.000Z")
    entries, _ = read_until(BlueskySource(network.url, "acme", clock), start, lambda entries: "k8" in posts(entries))
    (gap,) = [entry for entry in entries if isinstance(entry, Gap) and entry.ended_at]
    assert (gap.started_at, gap.ended_at) == ("2026-03-01T12:00:01.000Z", "2026-03-01T12:00:03.000Z")
    assert gap.recovered is False


def test_a_socket_that_goes_silent_is_left(
    network: JetstreamSimulator, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libs.sources.bluesky.source._SILENCE_SECONDS", 1.0)  # the rule is tested, not the patience
    network.endings = [("silent", 1)]
    network.emit(make_event(NOW_US, "k1"), make_event(NOW_US + SECOND, "k2"))
    entries, _ = read_until(
        BlueskySource(network.url, "acme", clock), Position(str(NOW_US)), lambda entries: "k2" in posts(entries)
    )
    assert "silent" in [entry.reason for entry in entries if isinstance(entry, Gap)]


def test_the_first_start_begins_live_without_a_gap(network: JetstreamSimulator, clock: WallClock) -> None:
    network.emit(make_event(NOW_US, "before"))
    source = BlueskySource(network.url, "acme", clock).read(Position())
    assert next(source).entries == []
    import threading

    threading.Timer(0.5, lambda: network.emit(make_event(NOW_US + SECOND, "after"))).start()
    assert posts(next(source).entries) == ["after"]
    assert network.cursors == [None]


def test_a_message_that_is_no_event_is_a_dead_letter(network: JetstreamSimulator, clock: WallClock) -> None:
    broken = make_event(NOW_US, "k1")
    broken["commit"]["record"] = {"no": "text"}
    network.emit(broken, make_event(NOW_US + SECOND, "k2"))
    entries, _ = read_until(
        BlueskySource(network.url, "acme", clock), Position(str(NOW_US)), lambda entries: bool(posts(entries))
    )
    (letter,) = [entry for entry in entries if isinstance(entry, DeadLetter)]
    assert letter.reason == "no_text"
    assert json.loads(letter.original) == broken


def test_deleted_and_edited_posts_reach_the_table_so(
    tmp_path: Path, network: JetstreamSimulator, serve: ServeSimulator
) -> None:
    network.endings = [("close", 3)]
    with run_app(local_environment(tmp_path, serve.url, network.url, TRACK="acme"), tmp_path) as app:
        app.wait_until("/ready", lambda _ready: bool(network.cursors))
        network.emit(make_event(NOW_US, "kept"), make_event(NOW_US + 1, "gone"), make_event(NOW_US + 2, "edited"))
        network.emit(
            make_event(NOW_US + 3, "gone", "delete"), make_event(NOW_US + 4, "edited", "update", "acme in new words")
        )
        network.emit(make_event(NOW_US + 5, "last"))
        app.wait_until("/api/tweets", lambda answer: any(tweet["id"].endswith("/last") for tweet in answer["tweets"]))
        found = {tweet["id"].rpartition("/")[2]: tweet["twitter_raw"] for tweet in app.get("/api/tweets")["tweets"]}
        assert found == {"kept": "I love acme", "edited": "acme in new words", "last": "I love acme"}
        assert len(network.cursors) == 2
        (gap,) = app.get("/api/gaps")["gaps"]
        assert gap["recovered"] is True
