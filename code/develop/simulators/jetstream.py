"""A stand-in for Bluesky's Jetstream v1: a network with a history, a window, a cursor, and sockets that misbehave."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

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
    """Return one commit as Jetstream sends it; a delete carries no record."""
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

    def __init__(self, port: int = 0, endings: list[tuple[str, int]] | None = None, most: int = 0) -> None:
        """Listen on ``port`` (0 = a free one) of loopback; ``most``: events remembered at least, 0 for all of them."""
        self.history: list[Event] = []
        self.oldest_us = 0
        self.endings = endings or []
        self.cursors: list[int | None] = []
        self.fired: Counter[str] = Counter()
        self.open: list[ServerConnection] = []
        self._most = most
        self._forgotten = 0
        self._news = threading.Condition()
        self._closing = False
        self._server = serve(self._talk, "127.0.0.1", port)
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/subscribe"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def emit(self, *events: Event) -> None:
        """Add events to the history; every open socket gets them."""
        with self._news:
            self.history += events
            if self._most and len(self.history) > 2 * self._most:
                self._forgotten += len(self.history) - self._most
                del self.history[: -self._most]
            self._news.notify_all()

    def tear(self) -> None:
        """Cut every open socket without a word."""
        for connection in list(self.open):
            self.fired["tear"] += 1
            connection.socket.shutdown(socket.SHUT_RDWR)

    def close_cleanly(self) -> None:
        """End every open socket as the protocol ends one."""
        for connection in list(self.open):
            self.fired["close"] += 1
            connection.close()

    def close(self) -> None:
        """End every connection and the port."""
        with self._news:
            self._closing = True
            self._news.notify_all()
        self._server.shutdown()
        self._thread.join()

    def _talk(self, connection: ServerConnection) -> None:
        query = parse_qs(urlsplit(connection.request.path if connection.request else "").query)
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
        """Return the number of the first event to send, counted from the first that ever was."""
        with self._news:
            end = len(self.history)
            if cursor is None:
                return self._forgotten + end
            if cursor < self.oldest_us:
                self.fired["clamped"] += 1
            start = max(cursor, self.oldest_us)
            later = (number for number, event in enumerate(self.history) if event["time_us"] >= start)
            return self._forgotten + next(later, end)

    def _next(self, place: int) -> Event | None:
        with self._news:
            self._news.wait_for(lambda: self._closing or len(self.history) + self._forgotten > place)
            return None if self._closing else self.history[max(0, place - self._forgotten)]

    def _end(self, connection: ServerConnection, ending: str) -> None:
        self.fired[ending] += 1
        if ending == "tear":
            connection.socket.close()
        elif ending == "silent":
            with self._news:
                self._news.wait_for(lambda: self._closing, timeout=60)
