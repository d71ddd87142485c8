"""An hour of a simulated network over real sockets, whose clock moves only when the server or a waiting client moves it.

The server speaks second by second and goes on only when its client has taken in what was sent and asks for more, so that
whatever the client notes down carries the very moment of the world's clock.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from virtual import VirtualClock

from develop.simulators.jetstream import Event, JetstreamSimulator, make_event
from develop.simulators.x import Piece, XSimulator
from develop.simulators.x_messages import DISCONNECT, KEEP_ALIVE, make_message, split_anywhere
from libs.sources.bluesky.websocket import Socket
from libs.sources.x.api import Api, ByteStream, NetworkError, Rule
from libs.values.topics import Topic
from sentiment.errors import TransientError

NOW_US = 1_772_366_400_000_000  # 2026-03-01T12:00:00Z, where the virtual clock begins
SECOND_US = 1_000_000
_PATIENCE_SECONDS = 5.0  # real ones, for a client that is not coming back


class Progress:
    """What a client has taken in from one connection, told to the server when it asks for more."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = 0
        self._asks = False
        self.left = False

    def ask(self) -> None:
        """Note that all that was taken is dealt with."""
        with self._changed:
            self._asks = True
            self._changed.notify_all()

    def take(self, amount: int) -> None:
        """Note that something came."""
        with self._changed:
            self._taken, self._asks = self._taken + amount, False

    def leave(self) -> None:
        """Note that the client has hung up."""
        with self._changed:
            self.left = True
            self._changed.notify_all()

    def wait_for(self, sent: int) -> None:
        """Return when the client has dealt with so much, or is gone."""
        with self._changed:
            self._changed.wait_for(lambda: self.left or (self._asks and self._taken >= sent), _PATIENCE_SECONDS)

    def wait_until_left(self) -> None:
        """Return when the client has hung up."""
        with self._changed:
            self._changed.wait_for(lambda: self.left, _PATIENCE_SECONDS)


class HourOfX(XSimulator):
    """One post a second, but for minutes of silence with keep-alives; each connection ends in its own way."""

    ENDINGS = ("clean close", "storm", "torn", "operational-disconnect", "stalled", "http_503", "http_429")

    def __init__(self, clock: VirtualClock, seed: int) -> None:
        self.clock = clock
        self.progress = Progress()
        self.said: dict[str, float] = {}
        self.fired: Counter[str] = Counter()
        self.connects: list[float] = []
        self.resets: list[tuple[float, float]] = []
        self.opened_at: list[float] = []
        self._chance = random.Random(seed)
        self._second = 0
        self._storm = 0
        self._newest = 0
        self._endings = list(self.ENDINGS)
        self._chance.shuffle(self._endings)
        super().__init__()

    def next_connection(self) -> Any:
        self.connects.append(self.clock.monotonic())
        self._newest = threading.get_ident()
        self.catch_up()
        if self._storm:
            self._storm -= 1
            return []
        ending = self._endings.pop() if self._endings else self._chance.choice(self.ENDINGS)
        self.fired[ending] += 1
        match ending:
            case "http_503":
                return {"status": 503}
            case "http_429":
                reset = self.clock.monotonic() + self._chance.choice([30, 200])
                self.resets.append((self.clock.monotonic(), reset))
                seconds = str(int(self.clock.now().timestamp() + reset - self.clock.monotonic()))
                return {"status": 429, "headers": {"x-rate-limit-reset": seconds}}
            case "storm":
                self._storm = 4
        self.opened_at.append(self.clock.monotonic())
        if self._storm:
            return []
        return self._talk(ending, self._chance.randint(5, 300))

    def catch_up(self) -> None:
        """Say to nobody what was due while nobody listened."""
        while self._second + 1 <= self.clock.monotonic():
            self._second += 1
            self._say()

    def _say(self) -> bytes:
        if self._second // 60 % 5 == 4:  # every fifth minute nobody posts
            return KEEP_ALIVE if self._second % 15 == 0 else b""
        self.said[str(self._second)] = float(self._second)
        return make_message(str(self._second)) + KEEP_ALIVE * (self._second % 3)

    def _talk(self, ending: str, seconds: int) -> Iterator[Piece]:
        progress, sent, line = self.progress, 0, self._newest
        for _ in range(seconds):
            if self._newest != line:  # on a busy machine a client gives up waiting for an answer, and asks once more
                return
            self._second += 1
            self.clock.advance_to(self._second)
            if self.clock.stopped:
                return
            said = self._say()
            for piece in split_anywhere(said, self._second) if self._second % 9 == 0 else [said] if said else []:
                sent += len(piece)
                yield piece
            progress.wait_for(sent)
            if progress.left:  # a machine so busy that the client took its pause for a stall
                return
        if ending == "stalled":
            progress.wait_until_left()
        elif ending == "torn":
            yield make_message("9999")[:30]  # the rest never comes
            yield None
        elif ending == "operational-disconnect":
            yield DISCONNECT


class WatchedX:
    """X's API as it is, with the server told of what is read and the clock of a stall."""

    def __init__(self, api: Api, world: HourOfX, stall_seconds: float) -> None:
        self._api = api
        self._world = world
        self._stall_seconds = stall_seconds

    def read_rules(self) -> list[Rule]:
        return self._api.read_rules()

    def change_rules(self, delete: list[str], add: list[Topic]) -> None:
        self._api.change_rules(delete, add)

    def open_stream(self) -> ByteStream:
        self._world.progress = Progress()
        return _WatchedStream(self._api.open_stream(), self._world, self._stall_seconds)


class _WatchedStream:
    def __init__(self, stream: ByteStream, world: HourOfX, stall_seconds: float) -> None:
        self._stream = stream
        self._world = world
        self._progress = world.progress
        self._stall_seconds = stall_seconds

    def read(self) -> bytes:
        self._progress.ask()
        try:
            data = self._stream.read()
        except NetworkError as error:
            if error.code == "stalled":
                self._world.clock.advance_to(self._world.clock.monotonic() + self._stall_seconds)
            raise
        self._progress.take(len(data))
        return data

    def close(self) -> None:
        self._stream.close()
        self._progress.leave()


class HourOfJetstream(JetstreamSimulator):
    """One event a second, a deletion among them now and then; the window reaches back ``window_seconds``."""

    def __init__(self, clock: VirtualClock, seed: int, window_seconds: int) -> None:
        self.clock = clock
        self.progress = Progress()
        self.said: dict[str, float] = {}
        self._window = window_seconds
        self._chance = random.Random(seed)
        self._first = 0
        kinds = ["close", "tear", "silent"] * 30
        self._chance.shuffle(kinds)
        super().__init__(endings=[(kind, self._chance.randint(1, 200)) for kind in kinds])

    def connect(self, url: str, open_socket: Any, silence_seconds: float) -> Socket:
        """Connect as stream does; now and then the server is away for a while."""
        if self._chance.random() < 0.3:
            self.fired["refused"] += 1
            self.clock.advance_to(self.clock.monotonic() + self._chance.choice([1, 5, 120]))
            raise TransientError("refused", code="connection_lost")
        self.progress = Progress()
        return _WatchedSocket(open_socket(url), self, silence_seconds)

    def _find_place(self, cursor: int | None) -> int:
        while len(self.history) + 1 <= self.clock.monotonic():
            self._say()
        self.oldest_us = NOW_US + int((self.clock.monotonic() - self._window) * SECOND_US)
        self._first = super()._find_place(cursor)
        return self._first

    def _next(self, place: int) -> Event | None:
        self.progress.wait_for(place - self._first)
        if place < len(self.history):
            return self.history[place]
        self.clock.advance_to(len(self.history) + 1)
        if self.clock.stopped:
            return None
        self._say()
        return self.history[place]

    def _say(self) -> None:
        second = len(self.history) + 1
        moment_us = NOW_US + second * SECOND_US
        old = second - 7
        if second % 20 == 0:
            self.said[f"-k{old}"] = float(second)
            self.history.append(make_event(moment_us, f"k{old}", "delete"))
        else:
            self.said[f"k{second}"] = float(second)
            self.history.append(make_event(moment_us, f"k{second}"))


class _WatchedSocket:
    def __init__(self, socket: Socket, world: HourOfJetstream, silence_seconds: float) -> None:
        self._socket = socket
        self._world = world
        self._progress = world.progress
        self._silence_seconds = silence_seconds

    def receive(self, silence_seconds: float, most: int) -> list[bytes | str]:
        self._progress.ask()
        try:
            messages = self._socket.receive(self._silence_seconds, most)
        except TransientError as error:
            if error.code == "silent":
                self._world.clock.advance_to(self._world.clock.monotonic() + silence_seconds)
            raise
        self._progress.take(len(messages))
        return messages

    def close(self) -> None:
        self._progress.leave()
        self._socket.close()
