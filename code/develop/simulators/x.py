"""A stand-in for X's filtered stream v2 that speaks its wire format, and misbehaves by a script."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from develop.simulators.listening import Handler, Listener
from develop.simulators.x_messages import KEEP_ALIVE

TOKEN: Final = "good-token"  # noqa: S105 - the one token this stand-in knows
_RULES: Final = "/2/tweets/search/stream/rules"
Piece = bytes | float | None


class XSimulator:
    """Plays ``connections`` in turn, then ``endless`` (default: keep-alives) for every further one.

    A connection is a list of pieces of bytes; a number pauses for so many seconds, None tears the connection without an
    end, and ``{"status": 429, "headers": {…}}`` instead of a list refuses it.
    """

    def __init__(
        self,
        port: int = 0,
        connections: list[Any] | None = None,
        endless: Callable[[], Iterator[Piece]] | None = None,
    ) -> None:
        """Listen on ``port`` (0 = a free one) of loopback."""
        self.connections = connections or []
        self.endless = endless
        self.rules: dict[str, dict[str, str]] = {}
        self.calls: Counter[str] = Counter()
        self.connected_at: list[float] = []
        self.queries: list[str] = []
        self.closing = threading.Event()
        self._next_rule = 1
        self._listener = Listener(port, _XHandler, self)
        self.url = f"x+http://127.0.0.1:{self._listener.server_port}"

    def next_connection(self) -> Any:
        """Return the pieces of the next connection, or its refusal."""
        if self.connections:
            return self.connections.pop(0)
        return self.endless() if self.endless else self._keep_alive()

    def change_rules(self, body: dict[str, Any]) -> tuple[int, Any]:
        """Delete or add rules and return X's answer."""
        if "delete" in body:
            found = [rule for rule in body["delete"]["ids"] if self.rules.pop(str(rule), None)]
            return 200, {"meta": {"sent": "now", "summary": {"deleted": len(found), "not_deleted": 0}}}
        added = []
        for rule in body["add"]:
            self.rules[str(self._next_rule)] = rule
            added.append({"id": str(self._next_rule), **rule})
            self._next_rule += 1
        summary = {"created": len(added), "not_created": 0, "valid": len(added), "invalid": 0}
        return 201, {"data": added, "meta": {"sent": "now", "summary": summary}}

    def close(self) -> None:
        """End every connection and the port."""
        self.closing.set()
        self._listener.stop()

    def _keep_alive(self) -> Iterator[Piece]:
        while not self.closing.is_set():
            yield KEEP_ALIVE
            yield 0.5


class _XHandler(Handler[XSimulator]):
    def do_GET(self) -> None:  # noqa: N802 - http.server names it
        if not self._authorized():
            return
        if self.path.startswith(_RULES):
            data = [{"id": rule, **fields} for rule, fields in self.world.rules.items()]
            self._answer(200, {**({"data": data} if data else {}), "meta": {"sent": "2026-03-01T12:00:00.000Z"}})
            return
        self.world.connected_at.append(time.monotonic())
        self.world.queries.append(self.path)
        self._stream(self.world.next_connection())

    def do_POST(self) -> None:  # noqa: N802 - http.server names it
        body = json.loads(self.read_body())
        if self._authorized():
            self._answer(*self.world.change_rules(body))

    def _authorized(self) -> bool:
        self.world.calls[f"{self.command} {self.path.partition('?')[0]}"] += 1
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        self._answer(401, {"title": "Unauthorized", "status": 401, "detail": "Unauthorized"})
        return False

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self.world.calls[str(status)] += 1
        self.send_json(status, body, headers)

    def _stream(self, pieces: Any) -> None:
        self.close_connection = True
        if isinstance(pieces, dict):
            self._answer(pieces["status"], {"title": "refused"}, pieces.get("headers"))
            return
        self.world.calls["stream"] += 1
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self._play(pieces)
        except (BrokenPipeError, ConnectionResetError):
            self.world.calls["cut by client"] += 1
        finally:
            getattr(pieces, "close", lambda: None)()  # a generator learns now, not some day, that nobody listens

    def _play(self, pieces: Any) -> None:
        for piece in pieces:
            if piece is None:
                self.hang_up()
                return
            if isinstance(piece, bytes):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.flush()
            elif self.world.closing.wait(piece):
                return
        self.wfile.write(b"0\r\n\r\n")
