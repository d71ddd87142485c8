"""serve as a real process: started from the environment, spoken to over HTTP, ended by a signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from develop.fixtures.ports import find_free_port

APP = Path(__file__).parents[1] / "app"
START_SECONDS = 60


@dataclass
class Served:
    """A running serve and where its log goes."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def predict(self, body: Any, timeout: float = 20, **headers: str) -> requests.Response:
        return requests.post(f"{self.url}/predict", json=body, headers=headers, timeout=timeout)

    def read_log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def wait_for_version(self, version: str, seconds: float = 20) -> None:
        """Return when many answers in a row came from ``version``: all workers have converged."""
        deadline, streak = time.monotonic() + seconds, 0
        while streak < 20:
            assert time.monotonic() < deadline, f"{version} did not become live everywhere: {self.read_log()[-5:]}"
            found = self.predict({"text": "good"}).headers.get("X-Model-Version")
            streak = streak + 1 if found == version else 0
            time.sleep(0 if found == version else 0.1)


def serve_environment(store_url: str, folder: Path, **more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return plain | {
        "STORE_URL": store_url, "MODEL_CACHE_DIR": str(folder / "cache"), "MODEL_POLL_SECONDS": "0.4", **more
    }  # fmt: skip


@contextmanager
def start_serve(store_url: str, folder: Path, *, ready: bool = True, **more: str) -> Iterator[Served]:
    """Run ``python main.py``; wait until it is ready, or with ``ready=False`` until it answers at all."""
    port = find_free_port()
    log = folder / "serve.log"
    environment = serve_environment(store_url, folder, PORT=str(port), **more)
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "main.py"], cwd=APP, env=environment, stdout=output, stderr=output)
    served = Served(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait(served, "/ready" if ready else "/health")
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)  # it has 30 s to drain, on a machine that may be busy
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def run_main(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(
        [sys.executable, "main.py", *words], cwd=APP, env=plain | environment, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


def _wait(served: Served, path: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and served.process.poll() is None:
        try:
            if requests.get(served.url + path, timeout=START_SECONDS).status_code == 200:
                return
        except (requests.ConnectionError, requests.Timeout):
            pass
        time.sleep(0.02)
    raise AssertionError(f"serve did not start:\n{served.log.read_text()}")
