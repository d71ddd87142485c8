"""A load generator in one thread: raw kept-alive connections, one request at a time on each, every latency noted.

Written against sockets because a client library's own cost would be most of what is measured: this asks up to about
20,000 times a second from one core.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from urllib.parse import urlsplit


@dataclass
class Load:
    """What one run measured. ``latencies`` are seconds of the answers with status 200."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    others: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Answers with status 200 in a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the latency in seconds that ``share`` (0 to 1) of the answers stay under."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class _Connection:
    def __init__(self, host: str, port: int, requests: Iterator[bytes]) -> None:
        self._address = (host, port)
        self._requests = requests
        self.connect()
        self._received = b""
        self._asked_at = 0.0

    def connect(self) -> None:
        self.socket = socket.create_connection(self._address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.closing = False

    def ask(self) -> None:
        self._received = b""
        request = next(self._requests)
        self._asked_at = time.perf_counter()
        self.socket.sendall(request)

    def take(self) -> tuple[int, float] | None:
        """Return status and latency once the whole answer is here; ``ConnectionError`` when the server hung up."""
        part = self.socket.recv(262_144)
        if not part:
            raise ConnectionError("the server closed a connection in the middle of the run")
        self._received += part
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _read_length(head):
            return None
        self.closing = b"\r\nconnection: close" in head.lower()
        return int(head[9:12]), time.perf_counter() - self._asked_at


def run_load(
    url: str, bodies: Sequence[bytes], *, connections: int, seconds: float, go_on: Callable[[], bool] = lambda: True
) -> Load:
    """POST ``bodies`` as JSON to ``url``, one after the other, over and over, and return what came back."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    requests = cycle([_make_request(parts.path, host, body) for body in bodies])
    load = Load()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = _Connection(host, port, requests)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask()
        started = time.perf_counter()
        while time.perf_counter() - started < seconds and go_on():
            for key, _ in selector.select(1):
                _take_answer(key.data, load, selector)
        load.seconds = time.perf_counter() - started
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    return load


def _make_request(path: str, host: str, body: bytes) -> bytes:
    lines = f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", f"Content-Length: {len(body)}"
    return "\r\n".join([*lines, "", ""]).encode() + body


def _take_answer(connection: _Connection, load: Load, selector: selectors.BaseSelector) -> None:
    answer = connection.take()
    if answer is None:
        return
    status, latency = answer
    if status == 200:
        load.latencies.append(latency)
    else:
        load.others[status] = load.others.get(status, 0) + 1
    if connection.closing:  # gunicorn's synchronous worker answers one request a connection
        selector.unregister(connection.socket)
        connection.socket.close()
        connection.connect()
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    connection.ask()


def _read_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0
