"""train as a process, and small real corpora for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from develop.fixtures.ports import find_free_port

APP = Path(__file__).resolve().parents[1] / "app"
FAST = {"epochs": 1, "vector_epochs": 1, "vector_size": 16, "most_training_rows": 1500, "least_word_count": 2}


class Service(NamedTuple):
    url: str
    process: subprocess.Popen[bytes]

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=300, **kwargs)

    def post(self, path: str, **kwargs: Any) -> requests.Response:
        return requests.post(self.url + path, timeout=300, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> requests.Response:
        return requests.delete(self.url + path, timeout=300, **kwargs)

    def await_run(self, run_id: str, statuses: set[str], seconds: float = 240) -> dict[str, Any]:
        """Poll a run until its status is one of these."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            run: dict[str, Any] = self.get(f"/runs/{run_id}").json()
            if run["status"] in statuses:
                return run
            time.sleep(0.2)
        pytest.fail(f"run {run_id} is {run['status']} at {run['stage']} after {seconds} s")


@contextmanager
def start_service(environment: dict[str, str]) -> Iterator[Service]:
    """Run ``python main.py`` with this environment alone, until the block ends."""
    port = find_free_port()
    process = subprocess.Popen(
        [sys.executable, "main.py"], cwd=APP, env=plain_environment(environment) | {"PORT": str(port)}
    )
    service = Service(f"http://127.0.0.1:{port}", process)
    try:
        _await_health(service)
        yield service
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(40)


def plain_environment(extra: dict[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return kept | extra


def run_command(*words: str, environment: dict[str, str], seconds: float = 240) -> subprocess.CompletedProcess[str]:
    """Run ``python main.py <words>`` to its end."""
    return subprocess.run(
        [sys.executable, "main.py", *words], cwd=APP, env=plain_environment(environment), capture_output=True, text=True,
        timeout=seconds, check=False,
    )  # fmt: skip


def _await_health(service: Service) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and service.process.poll() is None:
        try:
            if service.get("/health").ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    pytest.fail(f"train did not start: exit code {service.process.poll()}")
