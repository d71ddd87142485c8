"""Servers to be measured: started, awaited, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import requests

from develop.fixtures.ports import find_free_port


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
        return [_read_megabytes(child) for child in _list_children(self.pid)] or [_read_megabytes(self.pid)]

    def read_megabytes(self) -> float:
        """Return the resident memory of the server and of all processes below it."""
        return sum(_read_megabytes(pid) for pid in _list_tree(self.pid))


@contextmanager
def start_server(
    command: Sequence[str], environment: Mapping[str, str], probe: str, body: object = None, seconds: float = 120
) -> Iterator[Measured]:
    """Run ``command`` (``PORT`` in it is replaced) until the block ends; ready when ``probe`` answers 200."""
    port = str(find_free_port())
    url = f"http://127.0.0.1:{port}"
    words = [port if word == "PORT" else word for word in command]
    with TemporaryFile() as errors:
        started = time.monotonic()
        process = subprocess.Popen(
            words,
            env={**environment, "PORT": port},
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # so that its workers can be ended with it, whatever it does about them
        )
        try:
            if not _answers(url + probe, body, process, seconds):
                errors.seek(0)
                raise NotStartedError(f"exit code {process.poll()}: {_last_line(errors.read())}")
            yield Measured(url, process.pid, time.monotonic() - started)
        finally:
            _end(process)


def _answers(url: str, body: object, process: subprocess.Popen[bytes], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = requests.get(url, timeout=60) if body is None else requests.post(url, json=body, timeout=60)
            if answer.status_code == 200:
                return True
        except (requests.ConnectionError, requests.Timeout):
            pass
        time.sleep(0.01)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _list_children(pid: int) -> list[int]:
    # Each thread lists the processes that it started itself.
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def _list_tree(pid: int) -> list[int]:
    return [pid, *(below for child in _list_children(pid) for below in _list_tree(child))]


def _read_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
