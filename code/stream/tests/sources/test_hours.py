"""An hour of virtual time of each live source against its simulated server, over real sockets, with disconnects.

What was said = what was taken + what lies in the ledger's gaps, to the second.
"""

from __future__ import annotations

import itertools

import pytest
from hours import HourOfJetstream, HourOfX, WatchedX
from pydantic import SecretStr
from virtual import VirtualClock

from develop.simulators.x import TOKEN
from libs.sources import PostSource
from libs.sources.bluesky.source import BlueskySource
from libs.sources.bluesky.websocket import open_socket
from libs.sources.x.api import TweepyApi
from libs.sources.x.source import XSource
from libs.values.addresses import XAddress
from libs.values.position import Chunk, Position
from libs.values.times import read_time
from libs.values.tweet import Entry, Gap, Removal, Tweet
from sentiment.service.clock import StoppedError

HOUR_SECONDS = 3600.0
REAL_SILENCE_SECONDS = 0.6  # stands for X's 20 s and Jetstream's 30 s of it


def read_until_the_end(source: PostSource) -> list[Chunk]:
    chunks: list[Chunk] = []
    try:
        for chunk in source.read(Position()):
            chunks += [chunk]
    except StoppedError:
        return chunks
    raise AssertionError("a live source never ends by itself")


def measure_gaps(entries: list[Entry], clock: VirtualClock) -> list[tuple[float, float]]:
    """Return from when to when posts may be missing, in seconds of the hour; an open gap lasts on."""
    gaps = {entry.id: entry for entry in entries if isinstance(entry, Gap)}  # its end comes after its beginning
    start = clock.now().timestamp() - clock.monotonic()
    return [
        (
            read_time(gap.started_at).timestamp() - start,
            read_time(gap.ended_at).timestamp() - start if gap.ended_at else float("inf"),
        )
        for gap in gaps.values()
        if not gap.recovered
    ]


def name(entry: Entry) -> str:
    assert isinstance(entry, Tweet | Removal)
    post = entry.id.rpartition("/")[2]
    return post if isinstance(entry, Tweet) else f"-{post}"


@pytest.mark.parametrize("seed", range(5))
def test_an_hour_of_x_is_taken_or_in_the_ledger(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr("libs.sources.x.api.STALL_SECONDS", REAL_SILENCE_SECONDS)
    clock = VirtualClock(HOUR_SECONDS)
    x = HourOfX(clock, seed)
    address = XAddress(x.url, SecretStr(TOKEN))
    source = XSource(address, "acme", 0, clock, WatchedX(TweepyApi(address), x, stall_seconds=20.0))
    entries = [entry for chunk in read_until_the_end(source) for entry in chunk.entries]
    x.catch_up()
    x.close()
    taken = [name(entry) for entry in entries if isinstance(entry, Tweet)]
    gaps = measure_gaps(entries, clock)
    assert len(taken) == len(set(taken)) > 800
    assert taken == sorted(taken, key=int)
    began = min(x.opened_at)  # what was said before X was ever reached is nobody's gap
    missing = {post: at for post, at in x.said.items() if post not in set(taken) and began < at < HOUR_SECONDS}
    assert missing, "an hour with disconnects and without replay"
    assert [post for post, at in missing.items() if not any(start <= at <= end for start, end in gaps)] == []
    assert [post for post in taken if any(start < x.said[post] < end for start, end in gaps)] == [], "gaps lie between"
    assert set(x.fired) == set(HourOfX.ENDINGS)
    reasons = {entry.reason for entry in entries if isinstance(entry, Gap)}
    assert reasons >= {"closed", "connection_lost", "operational-disconnect", "stalled"}
    assert max(sum(moment <= later < moment + 900 for later in x.connects) for moment in x.connects) <= 50
    for refused, reset in x.resets:
        following = [moment for moment in x.connects if moment > refused]
        assert not following or min(following) >= max(refused + 60, reset)


@pytest.mark.parametrize("seed", range(5))
def test_an_hour_of_jetstream_is_taken_or_in_the_ledger(seed: int) -> None:
    clock = VirtualClock(HOUR_SECONDS)
    network = HourOfJetstream(clock, seed, window_seconds=60 if seed % 2 else 36 * 3600)
    source = BlueskySource(
        network.url, "acme", clock, lambda url: network.connect(url, open_socket, REAL_SILENCE_SECONDS)
    )
    chunks = read_until_the_end(source)
    network.close()
    entries = [entry for chunk in chunks for entry in chunk.entries]
    taken = {name(entry) for entry in entries if isinstance(entry, Tweet | Removal)}
    gaps = measure_gaps(entries, clock)
    missing = {post: at for post, at in network.said.items() if post not in taken}
    assert len(taken) > 1500
    assert [post for post, at in missing.items() if not any(start <= at <= end for start, end in gaps)] == []
    assert network.fired.keys() >= {"close", "tear", "silent", "refused"}
    cursors = [int(chunk.position.cursor or 0) for chunk in chunks]
    assert all(earlier <= later for earlier, later in itertools.pairwise(cursors))
    if seed % 2:
        assert network.fired["clamped"], "the window is shorter than an outage"
        assert missing
    else:
        assert gaps == [] or gaps[-1][1] == float("inf"), "all of it comes again"
