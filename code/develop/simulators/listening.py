"""What the simulated HTTP servers share: a loopback port, a thread, keep-alive connections and no log."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Generic, TypeVar

World = TypeVar("World")


class Listener(ThreadingHTTPServer, Generic[World]):
    """Serves ``world`` on a loopback port (0 = a free one) from a thread of its own until ``stop``."""

    daemon_threads = True

    def __init__(self, port: int, handler: type[Handler[World]], world: World) -> None:
        """Begin to listen."""
        super().__init__(("127.0.0.1", port), handler)
        self.world = world
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that is killed in the middle of an answer is what these servers are there for."""


class Handler(BaseHTTPRequestHandler, Generic[World]):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Listener[World]

    @property
    def world(self) -> World:
        """Return what is served."""
        return self.server.world

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""

    def read_body(self) -> bytes:
        """Return the request's body."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        """Answer with bytes."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def send_json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Answer with JSON, as a problem when it is one."""
        kind = "application/json" if status < 400 else "application/problem+json"
        self.send(status, json.dumps(body).encode(), {"Content-Type": kind, **(headers or {})})

    def hang_up(self) -> None:
        """Close the connection without an answer."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
