"""Alerts: what is worth one, what is not, and how it is delivered; and what is forgotten when its time is over."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from makers import make_result
from pydantic import SecretStr

from libs.alerts.alerts import Alerts, find_gaps, find_jumps, find_silence
from libs.results import Results, open_results
from libs.results.retention import prune_once
from libs.service.settings import Role
from libs.values.position import Position
from libs.values.result import ResultBatch, Skipped
from libs.values.status import PipelineStatus
from libs.values.times import format_time
from libs.values.tweet import DeadLetter, Gap, Removal
from sentiment.model.labels import Label
from sentiment.service.clock import Clock, WallClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Results]:
    results = open_results(f"sqlite:///{tmp_path}/results.db")
    results.prepare()
    yield results
    results.close()


def fill(results: Results, topic: str, minutes_ago: int, negative: int, positive: int) -> None:
    moment = format_time(NOW - timedelta(minutes=minutes_ago))
    labels: list[Label] = ["NEGATIVE"] * negative + ["POSITIVE"] * positive
    rows = [
        make_result(f"{topic}{minutes_ago}-{n}", data=moment, topics=(topic,), sentiment=label)
        for n, label in enumerate(labels)
    ]
    results.store(ResultBatch(results=rows))


def test_a_jump_beyond_chance_is_told_and_noise_is_not(store: Results) -> None:
    fill(store, "acme", 600, 60, 140)
    fill(store, "acme", 5, 60, 20)
    fill(store, "steady", 600, 60, 140)
    fill(store, "steady", 5, 30, 60)
    fill(store, "rare", 600, 60, 140)
    fill(store, "rare", 5, 5, 0)
    ((key, text),) = find_jumps(store, NOW)
    assert key == "negative_jump:acme"
    assert text == "acme: 75% of 80 posts in the last 15 minutes are negative, 30% in the day before."


def test_gaps_are_told_when_they_open_and_once_more_when_they_are_over(store: Results) -> None:
    opened = Gap("g", "x", format_time(NOW - timedelta(minutes=50)), "", "stalled", recovered=False)
    before = opened._replace(id="told before", started_at="2026-02-01T00:00:00.000Z")
    over = before._replace(id="over", ended_at="2026-02-01T01:00:00.000Z")
    restart = before._replace(id="restart", ended_at=format_time(NOW - timedelta(minutes=55)))
    store.store(ResultBatch(gaps=[opened, before, over, restart]))
    start = NOW - timedelta(hours=1)
    assert {key for key, _ in find_gaps(store, start, NOW)} == {"gap:g", "gap_closed:restart"}
    store.store(ResultBatch(gaps=[opened._replace(ended_at=format_time(NOW - timedelta(minutes=1)), recovered=True)]))
    texts = dict(find_gaps(store, start, NOW))
    assert set(texts) == {"gap_closed:g", "gap_closed:restart"}
    assert texts["gap_closed:g"].endswith("all posts of it were recovered.")
    assert list(find_gaps(store, start, NOW + timedelta(hours=1))) == [], "no reminders of what is over"


def test_silence_is_told(store: Results) -> None:
    assert list(find_silence(format_time(NOW - timedelta(minutes=14)), NOW)) == []
    assert [key for key, _ in find_silence(format_time(NOW - timedelta(minutes=16)), NOW)] == ["nothing_arrives:"]
    assert list(find_silence("", NOW)) == []


class Hook(BaseHTTPRequestHandler):
    """A webhook that refuses its first call."""

    bodies: ClassVar[list[Any]] = []
    refusals = 1

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).refusals -= 1
        self.send_response(503 if type(self).refusals >= 0 else 200)
        self.end_headers()
        if type(self).refusals < 0:
            self.bodies.append(body)

    def log_message(self, *_args: object) -> None:
        pass


def make_alerts(url: str, results: Results, role: Role = "all", clock: Clock | None = None) -> Alerts:
    """Alerts of a pipeline at rest, whose source said something at midnight."""
    status = PipelineStatus([], Position(seen_at="2026-03-01T00:00:00.000Z"), 0)
    return Alerts(SecretStr(url), role, results, lambda: status, clock or WallClock())


def test_an_alert_is_delivered_as_json_with_a_text_and_not_again_within_the_hour(store: Results) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    alerts = make_alerts(f"http://127.0.0.1:{server.server_port}/hook", store)
    for _ in range(3):  # refused, delivered, known
        alerts.look()
    server.shutdown()
    thread.join()
    server.server_close()
    ((body),) = Hook.bodies
    assert body["text"] == "Nothing has arrived since 2026-03-01T00:00:00.000Z."
    assert body["alert"] == "nothing_arrives"


def test_each_of_two_roles_tells_of_its_own_part(store: Results) -> None:
    fill(store, "acme", 600, 60, 140)
    fill(store, "acme", 5, 60, 20)
    store.store(ResultBatch(gaps=[Gap("g", "x", format_time(NOW), "", "stalled", recovered=False)]))
    told = {}
    roles: tuple[Role, ...] = ("ingest", "analyze", "all")
    for role in roles:
        alerts = make_alerts("http://127.0.0.1:1/", store, role, Frozen())
        told[role] = {key.partition(":")[0] for key, _ in alerts._find(NOW)}
    assert told["ingest"] == {"gap", "nothing_arrives"}
    assert told["analyze"] == {"negative_jump"}
    assert told["all"] == told["ingest"] | told["analyze"]


def test_a_webhook_that_cannot_be_reached_is_no_trouble_for_anything_else(store: Results) -> None:
    alerts = make_alerts("http://127.0.0.1:1/", store)
    alerts.look()
    assert alerts._sent == {}, "so it is tried again"


class Frozen(WallClock):
    """Time that stands still at ``NOW``."""

    def now(self) -> datetime:
        return NOW


def test_results_older_than_their_time_go_and_younger_stay(store: Results) -> None:
    clock = WallClock()
    old = make_result("old", analyzed_at=format_time(datetime.now(UTC) - timedelta(days=11)), topics=("acme",))
    young = make_result("young", analyzed_at=format_time(datetime.now(UTC) - timedelta(days=9)), topics=("acme",))
    store.store(ResultBatch(results=[old, young], removals=[Removal("r", "2020-01-01T00:00:00.000Z", "deleted")]))
    assert prune_once(store, 0, clock) == 0
    assert store.count_all()["removed"] == 0, "settled long ago"
    assert prune_once(store, 10, clock) == 1
    assert set(store.read_by_id(["old", "young"])) == {"young"}
    assert [row[0] for row in store.count_topics("", "")] == ["acme"]


def test_texts_in_dead_letters_and_skipped_posts_expire_too_however_many(store: Results) -> None:
    long_ago = format_time(datetime.now(UTC) - timedelta(days=11))
    letters = [DeadLetter(str(n), "x", "1", "bad_row", "why", b"a text", long_ago) for n in range(1200)]
    young = letters[0]._replace(id="young", died_at=format_time(datetime.now(UTC)))
    skipped = [Skipped(str(n), "pt", long_ago) for n in range(3)]
    store.store(
        ResultBatch(results=[make_result("1", analyzed_at=long_ago)], dead_letters=[*letters, young], skipped=skipped)
    )
    assert prune_once(store, 10, WallClock()) == 1
    assert store.count_all() == {"stored": 0, "dead_letters": 1, "skipped": 0, "removed": 0}
