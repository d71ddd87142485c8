"""A stand-in for Bluesky's Jetstream v1: a network with a history, a window, a cursor, and sockets that misbehave.

Run it: ``python -m simulators.jetstream PORT``; it then makes up posts for ever.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

if TYPE_CHECKING:
    from websockets.sync.server import ServerConnection

POSTS = "app.bsky.feed.post"
Event = dict[str, Any]


def make_event(
    time_us: int,
    rkey: str,
    operation: str = "create",
    text: str = "I love acme",
    *,
    did: str = "did:plc:ann",
    langs: list[str] | None = None,
) -> Event:
    """One commit as Jetstream sends it; a delete carries no record."""
    commit: dict[str, Any] = {"rev": f"3m{time_us}", "operation": operation, "collection": POSTS, "rkey": rkey}
    if operation != "delete":
        record = {
            "$type": POSTS,
            "text": text,
            "createdAt": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time_us / 1e6)),
            "langs": langs or ["en"],
        }
        commit |= {"record": record, "cid": "bafy"}
    return {"did": did, "time_us": time_us, "kind": "commit", "commit": commit}


class JetstreamSimulator:
    """Sends its ``history`` from the cursor on, then whatever ``emit`` adds. ``oldest_us`` is how far back its window goes.

    ``endings``: how each connection in turn ends: ``("close", after)``, ``("tear", after)``, ``("silent", after)``, after so
    many messages; connections beyond them go on for ever.
    """

    def __init__(self, port: int = 0, endings: list[tuple[str, int]] | None = None) -> None:
        self.history: list[Event] = []
        self.oldest_us = 0
        self.endings = endings or []
        self.cursors: list[int | None] = []
        self.fired: Counter[str] = Counter()
        self.open: list[ServerConnection] = []
        self._news = threading.Condition()
        self._closing = False
        self._server = serve(self._talk, "127.0.0.1", port)
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/subscribe"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def emit(self, *events: Event) -> None:
        with self._news:
            self.history += events
            self._news.notify_all()

    def close(self) -> None:
        with self._news:
            self._closing = True
            self._news.notify_all()
        self._server.shutdown()
        self._thread.join()

    def _talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        query = parse_qs(urlsplit(connection.request.path).query)
        wanted = query.get("wantedCollections", [])
        cursor = int(query["cursor"][0]) if "cursor" in query else None
        self.cursors.append(cursor)
        ending, left = self.endings.pop(0) if self.endings else ("", -1)
        self.open.append(connection)
        try:
            place = self._find_place(cursor)
            while left:
                event = self._next(place)
                if event is None:
                    return
                place += 1
                if event["kind"] != "commit" or not wanted or event["commit"]["collection"] in wanted:
                    connection.send(json.dumps(event))
                    left -= 1
            self._end(connection, ending)
        except ConnectionClosed:
            self.fired["left by client"] += 1
        finally:
            self.open.remove(connection)

    def _find_place(self, cursor: int | None) -> int:
        if cursor is None:
            return len(self.history)
        if cursor < self.oldest_us:
            self.fired["clamped"] += 1
        start = max(cursor, self.oldest_us)
        return next(
            (number for number, event in enumerate(self.history) if event["time_us"] >= start), len(self.history)
        )

    def _next(self, place: int) -> Event | None:
        with self._news:
            self._news.wait_for(lambda: self._closing or len(self.history) > place)
            return None if self._closing else self.history[place]

    def _end(self, connection: ServerConnection, ending: str) -> None:
        self.fired[ending] += 1
        if ending == "tear":
            connection.socket.close()
        elif ending == "silent":
            with self._news:
                self._news.wait_for(lambda: self._closing, timeout=60)


def make_up_events(simulator: JetstreamSimulator) -> None:
    """Posts, edits and deletions for ever, about 20 a second: for a demo without the network."""
    moods = (
        "I love acme",
        "acme broke again, awful",
        "acme opens at nine",
        "thank you acme, great service",
        "never again, acme",
    )
    chance, number = random.Random(), 0
    while True:
        number += 1
        now_us = time.time_ns() // 1000
        rkey = f"3k{now_us}"
        simulator.emit(make_event(now_us, rkey, text=chance.choice(moods), did=f"did:plc:{number % 97}"))
        if number % 20 == 0:
            simulator.emit(
                make_event(
                    now_us + 1,
                    rkey,
                    chance.choice(["update", "delete"]),
                    "acme is fine after all",
                    did=f"did:plc:{number % 97}",
                )
            )
        time.sleep(chance.expovariate(20))


if __name__ == "__main__":
    made = JetstreamSimulator(int(sys.argv[1]))
    print(made.url, flush=True)
    make_up_events(made)
