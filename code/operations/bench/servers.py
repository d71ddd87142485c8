"""Servers to be measured: started, awaited, ended."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from fixtures.ports import find_free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class NotStartedError(Exception):
    """A server ended before it answered, or never did."""


@dataclass(frozen=True)
class Measured:
    """A running server."""

    url: str
    pid: int
    start_seconds: float

    def read_worker_megabytes(self) -> list[float]:
        """Return each worker's resident memory; for a server without workers, its own."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split() or [str(self.pid)]
        return [_read_megabytes(child) for child in children]

    def read_megabytes(self) -> float:
        """Return the resident memory of the server and all its workers."""
        workers = self.read_worker_megabytes()
        alone = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text() == ""
        return sum(workers) + (0.0 if alone else _read_megabytes(str(self.pid)))


@contextmanager
def start_server(
    command: Sequence[str], environment: Mapping[str, str], probe: str, body: object = None, seconds: float = 120
) -> Iterator[Measured]:
    """Run ``command`` (``PORT`` in it is replaced) until the block ends; ready when ``probe`` answers 200."""
    port = str(find_free_port())
    words = [port if word == "PORT" else word for word in command]
    started = time.monotonic()
    process = subprocess.Popen(
        words, env={**environment, "PORT": port}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(f"http://127.0.0.1:{port}{probe}", body, process, seconds)
        yield Measured(f"http://127.0.0.1:{port}", process.pid, time.monotonic() - started)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(url: str, body: object, process: subprocess.Popen[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = requests.get(url, timeout=60) if body is None else requests.post(url, json=body, timeout=60)
            if answer.status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.01)
    raise NotStartedError(f"{url} does not answer; exit code {process.poll()}")


def _read_megabytes(pid: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
