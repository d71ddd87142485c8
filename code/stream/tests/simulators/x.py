"""A stand-in for X's filtered stream v2 that speaks its wire format, and misbehaves by a script.

Run it: ``python -m simulators.x PORT``; it then makes up posts for ever.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "good-token"
KEEP_ALIVE = b"\r\n"


def make_message(post: str, text: str = "", *, rule: str | None = "1", tag: str | None = "acme", **data: Any) -> bytes:
    """One line as X sends it with the fields and expansions that stream asks for."""
    body: dict[str, Any] = {
        "data": {"id": post, "text": text or f"post {post} 😀 naïve", "author_id": "42", "created_at": "2026-03-01T12:00:00.000Z",
                 "lang": "en", "edit_history_tweet_ids": [post], **data},
        "includes": {"users": [{"id": "42", "username": "ann", "name": "Ann"}]},
        "matching_rules": [{"id": rule, **({"tag": tag} if tag else {})}] if rule else [],
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False).encode() + b"\r\n"


DISCONNECT = json.dumps(
    {"errors": [{"title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect", "detail": "for operational reasons",
                 "type": "https://api.x.com/2/problems/operational-disconnect"}]}
).encode() + b"\r\n"  # fmt: skip


class XSimulator:
    """``connections``: what each connection in turn sends, as pieces of bytes; a number pauses for so many seconds, None
    tears the connection without an end, ``{"status": 429, …}`` refuses it. When they are used up it sends keep-alives."""

    def __init__(
        self,
        port: int = 0,
        connections: list[list[Any]] | None = None,
        endless: Callable[[], Iterator[Any]] | None = None,
    ) -> None:
        self.connections = connections or []
        self.endless = endless
        self.rules: dict[str, dict[str, str]] = {}
        self.calls: Counter[str] = Counter()
        self.connected_at: list[float] = []
        self.queries: list[str] = []
        self.closing = threading.Event()
        self._next_rule = 1
        simulator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_args: object) -> None:
                pass

            def do_GET(self) -> None:
                if not self._authorized():
                    return
                if self.path.startswith("/2/tweets/search/stream/rules"):
                    data = [{"id": rule, **fields} for rule, fields in simulator.rules.items()]
                    self._answer(
                        200, {**({"data": data} if data else {}), "meta": {"sent": "2026-03-01T12:00:00.000Z"}}
                    )
                else:
                    simulator.connected_at.append(time.monotonic())
                    simulator.queries.append(self.path)
                    self._stream(simulator.next_connection())

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self._authorized():
                    self._answer(*simulator.change_rules(body))

            def _authorized(self) -> bool:
                simulator.calls[f"{self.command} {self.path.partition('?')[0]}"] += 1
                if self.headers.get("Authorization") == f"Bearer {TOKEN}":
                    return True
                self._answer(401, {"title": "Unauthorized", "status": 401, "detail": "Unauthorized"})
                return False

            def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
                simulator.calls[str(status)] += 1
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def _stream(self, pieces: Any) -> None:
                self.close_connection = True
                if isinstance(pieces, dict):
                    return self._answer(pieces["status"], {"title": "refused"}, pieces.get("headers"))
                simulator.calls["stream"] += 1
                self.send_response(200)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                try:
                    for piece in pieces:
                        if piece is None:
                            return self.connection.close()
                        if isinstance(piece, (int, float)):
                            if simulator.closing.wait(piece):
                                return None
                        else:
                            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                    self.wfile.write(b"0\r\n\r\n")
                except (BrokenPipeError, ConnectionResetError):
                    simulator.calls["cut by client"] += 1

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"x+http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def next_connection(self) -> Any:
        if self.connections:
            return self.connections.pop(0)
        return self.endless() if self.endless else self._keep_alive()

    def change_rules(self, body: dict[str, Any]) -> tuple[int, Any]:
        if "delete" in body:
            found = [rule for rule in body["delete"]["ids"] if self.rules.pop(str(rule), None)]
            return 200, {"meta": {"sent": "now", "summary": {"deleted": len(found), "not_deleted": 0}}}
        added = []
        for rule in body["add"]:
            self.rules[str(self._next_rule)] = rule
            added.append({"id": str(self._next_rule), **rule})
            self._next_rule += 1
        return 201, {
            "data": added,
            "meta": {
                "sent": "now",
                "summary": {"created": len(added), "not_created": 0, "valid": len(added), "invalid": 0},
            },
        }

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _keep_alive(self) -> Iterator[Any]:
        while not self.closing.is_set():
            yield KEEP_ALIVE
            yield 0.5


def split_anywhere(data: bytes, seed: int) -> list[bytes]:
    """Cut bytes into chunks at random places, inside characters and line ends too."""
    chance = random.Random(seed)
    pieces, rest = [], data
    while rest:
        size = chance.randint(1, 40)
        pieces.append(rest[:size])
        rest = rest[size:]
    return pieces


def make_up_posts() -> Iterator[Any]:
    """Posts for ever, about 20 a second, with keep-alives in between: for a demo without an account."""
    moods = (
        "I love acme",
        "acme broke again, awful",
        "acme opens at nine",
        "thank you acme, great service",
        "never again, acme",
    )
    chance, number = random.Random(), time.time_ns()
    while True:
        number += 1
        moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        yield make_message(str(number), f"{chance.choice(moods)} #{number % 1000}", created_at=moment)
        yield chance.expovariate(20)
        if number % 50 == 0:
            yield KEEP_ALIVE


if __name__ == "__main__":
    print(XSimulator(int(sys.argv[1]), endless=make_up_posts).url, flush=True)
    threading.Event().wait()
