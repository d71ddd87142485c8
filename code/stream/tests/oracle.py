"""The oracle: real processes, a simulated world that misbehaves by a seeded script, and an account of every post at the end.

stored ∪ dead letters ∪ gap ledger = what was emitted, nothing twice, nothing wrong, and every planned fault has fired.
The model to copy is Jetstream v2's own oracle test.
"""

from __future__ import annotations

import queue
import random
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from fixtures.aws_server import aws_environment
from processes import App, local_environment
from simulators.jetstream import JetstreamSimulator, make_event
from simulators.serve import ServeSimulator, score
from simulators.throttle import ThrottlingProxy
from simulators.x import DISCONNECT, KEEP_ALIVE, TOKEN, XSimulator, make_message

from libs.results import open_results
from libs.times import format_time, read_time
from sentiment.cleaning import clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from libs.results import Result, Results

POSTS = 300
_POSTS_A_SECOND = 60.0
_SETTLE_SECONDS = 150.0
_UNHEARD = 8  # posts emitted after a kill before the script waits for the next connection
_SLACK_SECONDS = 2.0  # between a post leaving the simulator and the app having read it


@dataclass
class Account:
    """What a run came to; empty lists of ``lost``, ``wrong`` and ``unfired`` mean that it is right."""

    seed: int
    plan: str
    emitted: int = 0
    stored: int = 0
    dead: int = 0
    in_gaps: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)
    unfired: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        """Whether every post is accounted for and every planned fault has fired."""
        return not self.lost and not self.wrong and not self.unfired and self.emitted > 0


class LiveX(XSimulator):
    """X as a live network: a post goes to the connection that is open, or to nobody."""

    def __init__(self) -> None:
        self.fired: Counter[str] = Counter()
        self._open: list[queue.Queue[Any]] = []
        super().__init__(endless=self._subscribe)

    def send(self, piece: Any) -> None:
        for line in self._open[-1:]:
            line.put(piece)

    def _subscribe(self) -> Iterator[Any]:
        line: queue.Queue[Any] = queue.Queue()
        self._open.append(line)
        try:
            while not self.closing.is_set():
                try:
                    piece = line.get(timeout=0.5)
                except queue.Empty:
                    piece = KEEP_ALIVE
                yield piece
                if piece is None or piece == DISCONNECT:
                    self.fired["torn" if piece is None else "disconnected"] += 1
                    return
        finally:
            self._open.remove(line)


class Run:
    """One seeded run: ``source`` x or jetstream, ``spool`` folder or sqs, ``store`` sqlite or dynamodb."""

    def __init__(self, seed: int, folder: Path, aws_url: str) -> None:
        self.chance = random.Random(seed)
        self.source = self.chance.choice(["x", "jetstream"])
        self.spool = self.chance.choice(["folder", "folder", "sqs"])
        self.store = self.chance.choice(["sqlite", "dynamodb"])
        self.account = Account(seed, f"{self.source} → {self.spool} → {self.store}")
        self.folder = folder
        self._aws_url = aws_url
        self._texts: dict[str, str | None] = {}
        self._emitted_at: dict[str, float] = {}
        self._expected_dead: set[str] = set()
        self._end = ExitStack()

    def play(self) -> Account:
        """Run the whole script and settle the account."""
        with self._end:
            self._start_world()
            self._start_app()
            self.app.wait_until("/health", lambda answer: answer["status"] == "ok")
            self._wait_for_connection()
            for number in range(POSTS):
                self._misbehave(number)
                if number - _UNHEARD in self._kills:
                    self._wait_for_connection()
                self._emit(str(number))
                time.sleep(self.chance.expovariate(_POSTS_A_SECOND))
            self._calm_down()
            self._settle()
        return self.account

    def _start_world(self) -> None:
        name = f"oracle_{uuid4().hex[:12]}"
        self.serve = ServeSimulator()
        self.proxy = ThrottlingProxy(self._aws_url, random.Random(self.chance.random()))
        self.network: Any = LiveX() if self.source == "x" else JetstreamSimulator()
        for part in (self.serve, self.proxy, self.network):
            self._end.callback(part.close)
        self.environment = local_environment(
            self.folder, self.serve.url, self.network.url, TRACK="acme", X_BEARER_TOKEN=TOKEN, PREDICT_BATCH="64"
        )
        self.environment |= aws_environment(self.proxy.url)
        if self.spool == "sqs":
            self.environment["SPOOL_URL"] = f"sqs://{name}"
        if self.store == "dynamodb":
            self.environment["RESULTS_URL"] = f"dynamodb://{name}"
        places = self.chance.sample(range(20, POSTS - 20), 12)
        self._kills, self._tears = set(places[:2]), set(places[2:5])
        self._faults, self._slow, self._throttle = set(places[5:8]), places[8], places[9]
        self._poisons, self._broken = {places[10]}, {places[11]}

    def _start_app(self) -> None:
        self.app = App(self.environment, self.folder / "stream.log")
        self._end.callback(self.app.end)

    def _misbehave(self, number: int) -> None:
        if number in self._kills:
            self.app.kill()
            self.account.fired["killed"] += 1
            self._start_app()
        if number in self._tears:
            self._tear()
        if number in self._faults:
            status = self.chance.choice([429, 500, 503])
            self.serve.faults.extend([(status, {})] * self.chance.randint(1, 3))
        self.serve.delay_seconds = 1.0 if self._slow <= number < self._slow + 30 else 0.0
        self.account.fired["slow"] += number == self._slow
        self.proxy.share = 0.5 if number >= self._throttle else 0.0

    def _tear(self) -> None:
        if self.source == "x":
            self.network.send(self.chance.choice([None, DISCONNECT]))
        else:
            for connection in list(self.network.open):
                connection.socket.close()
                self.network.fired["torn"] += 1

    def _emit(self, post: str) -> None:
        text = f"acme post {post} " + self.chance.choice(["is fine", "broke 😡", "http://t.co/x @ann &amp; co"])
        if int(post) in self._poisons:
            text = "acme " + "x" * 10_001
            self._expected_dead.add(self._id(post))
            self.account.fired["poison"] += 1
        self._texts[self._id(post)] = text
        self._emitted_at[self._id(post)] = time.time()
        if self.source == "x":
            self._emit_to_x(post, text)
        else:
            self._emit_to_jetstream(post, text)

    def _emit_to_x(self, post: str, text: str) -> None:
        if int(post) in self._broken:
            self.network.send(b'{"data": {"id": "' + post.encode() + b'"}}\r\n')
            self._expected_dead.add(post)
            self._texts[post] = None
            self.account.fired["broken message"] += 1
            return
        self.network.send(make_message(post, text, created_at=format_time(datetime.now(UTC))))
        if self.chance.random() < 0.1:  # once more, and late
            again = str(self.chance.randint(max(0, int(post) - 20), int(post)))
            if self._texts.get(again) and self._id(again) not in self._expected_dead:
                self.network.send(make_message(again, str(self._texts[again])))
                self.account.fired["duplicate"] += 1

    def _emit_to_jetstream(self, post: str, text: str) -> None:
        now_us = time.time_ns() // 1000
        self.network.emit(make_event(now_us, post, text=text))
        fate = self.chance.random()
        if fate < 0.05:
            self.network.emit(make_event(now_us + 1, post, "delete"))
            self._texts[self._id(post)] = None
            self._expected_dead.discard(self._id(post))
            self.account.fired["deleted"] += 1
        elif fate < 0.1:
            self._texts[self._id(post)] = f"acme edited {post}"
            self.network.emit(make_event(now_us + 1, post, "update", f"acme edited {post}"))
            self._expected_dead.discard(self._id(post))
            self.account.fired["edited"] += 1

    def _id(self, post: str) -> str:
        return post if self.source == "x" else f"bluesky:did:plc:ann/{post}"

    def _wait_for_connection(self) -> None:
        deadline = time.monotonic() + 60
        while not (self.network._open if self.source == "x" else self.network.open):
            assert time.monotonic() < deadline, self.app.log.read_text()[-2000:]
            time.sleep(0.05)

    def _calm_down(self) -> None:
        self.serve.delay_seconds = 0.0
        self.proxy.share = 0.0

    def _settle(self) -> None:
        """Emit last posts until one is stored, then wait until nothing waits any more, and compare."""
        results = self._open_results()
        deadline, number = time.monotonic() + _SETTLE_SECONDS, POSTS
        while not results.read_by_id([self._id(str(n)) for n in range(POSTS, number)]):
            assert time.monotonic() < deadline, f"{self.account}\n{self.app.log.read_text()[-3000:]}"
            self._emit_last(str(number))
            number += 1
            time.sleep(0.5)
        self.app.wait_until("/api/progress", lambda progress: not progress["spooled"], seconds=_SETTLE_SECONDS)
        time.sleep(0.5)
        self._compare(results)
        results.close()

    def _emit_last(self, post: str) -> None:
        self._texts[self._id(post)] = "acme last"
        self._emitted_at[self._id(post)] = time.time()
        if self.source == "x":
            self.network.send(make_message(post, "acme last"))
        else:
            self.network.emit(make_event(time.time_ns() // 1000, post, text="acme last"))

    def _open_results(self) -> Results:
        import os

        os.environ.update(aws_environment(self.proxy.url))
        return open_results(self.environment["RESULTS_URL"])

    def _compare(self, results: Results) -> None:
        account, ids = self.account, list(self._texts)
        stored, letters = results.read_by_id(ids), results.read_dead_letters(10_000)
        gaps = [
            (read_time(gap.started_at).timestamp(), gap.ended_at)
            for gap in results.read_gaps(10_000)
            if not gap.recovered
        ]
        said = " ".join(f"{letter.position} {letter.original.decode('utf-8', 'replace')}" for letter in letters)
        account.emitted, account.stored, account.dead = len(ids), len(stored), len(letters)
        for post in ids:
            account.wrong += self._judge(post, stored.get(post))
            if post in stored or (self._texts[post] is None and post not in self._expected_dead):
                continue
            if post in self._expected_dead and (f'"{post}"' in said or f"post {post} " in said):
                continue
            if self._lies_in(gaps, self._emitted_at[post]):
                account.in_gaps += 1
            else:
                account.lost.append(post)
        total = results.count_all()["stored"]
        if total != len(stored):
            account.wrong.append(f"{total} rows stored, {len(stored)} of them emitted")
        self._count_faults()

    def _judge(self, post: str, result: Result | None) -> list[str]:
        text = self._texts[post]
        if result is None:
            return []
        if text is None:
            return [f"{post} is stored although it was deleted or broken"]
        expected = score(clean(text))
        if (result.twitter_raw, result.sentiment, result.score) != (text, expected["label"], expected["score"]):
            return [
                f"{post} is stored as {result.twitter_raw!r} {result.sentiment} {result.score}, was {text!r} {expected}"
            ]
        return []

    def _lies_in(self, gaps: list[tuple[float, str]], moment: float) -> bool:
        return any(
            start - _SLACK_SECONDS <= moment <= (read_time(end).timestamp() if end else time.time()) + _SLACK_SECONDS
            for start, end in gaps
        )

    def _count_faults(self) -> None:
        fired = self.account.fired
        fired["torn"] += self.network.fired["torn"] + self.network.fired["disconnected"]
        fired["serve fault"] += sum(count for name, count in self.serve.calls.items() if name.startswith("fault"))
        planned = {"killed": 2, "serve fault": 1, "slow": 1, "poison": 1, "torn": 1}
        if self.store == "dynamodb":
            fired["unprocessed"] += self.proxy.fired["unprocessed"]
            planned["unprocessed"] = 1
        self.account.unfired = [name for name, least in planned.items() if fired[name] < least]


def run_seed(seed: int, folder: Path, aws_url: str) -> Account:
    """Play one seed in ``folder`` against the AWS-compatible server at ``aws_url``."""
    return Run(seed, folder, aws_url).play()
