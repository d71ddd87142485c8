"""The real app as a process of its own, configured by its environment alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests

from develop.fixtures.ports import find_free_port

APP = Path(__file__).parents[1] / "app"
START_SECONDS = 60


class App:
    """A running stream app."""

    def __init__(self, environment: Mapping[str, str], log: Path, *arguments: str) -> None:
        self.port = find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self.environment = {**base_environment(), **environment, "PORT": str(self.port)}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "main.py", *arguments], cwd=APP, env=self.environment, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip

    def get(self, path: str) -> Any:
        return requests.get(self.url + path, timeout=20).json()

    def wait_until(self, path: str, condition: Callable[[Any], bool], seconds: float = START_SECONDS) -> Any:
        """Poll a path until its JSON fulfils the condition; fail with the last answer and the log's end."""
        deadline, answer = time.monotonic() + seconds, None
        while time.monotonic() < deadline:
            try:
                answer = self.get(path)
                if condition(answer):
                    return answer
            except (requests.RequestException, ValueError):
                if self.process.poll() is not None:
                    break
            time.sleep(0.05)
        raise AssertionError(f"{path} never came true: {answer}\n{self.log.read_text()[-3000:]}")

    def kill(self) -> None:
        """SIGKILL to the whole process group, as a machine that dies would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def kill_first(self) -> None:
        """SIGKILL to the one process a person would kill; its worker has to notice by itself."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> float:
        """SIGTERM; returns the seconds until the process has ended."""
        started = time.monotonic()
        self.process.terminate()
        self.process.wait(20)
        return time.monotonic() - started

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@contextmanager
def run_app(environment: Mapping[str, str], folder: Path, *arguments: str) -> Iterator[App]:
    app = App(environment, folder / "stream.log", *arguments)
    try:
        yield app
    finally:
        app.end()


def run_command(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "main.py", *arguments], cwd=APP, env={**base_environment(), **environment},
        capture_output=True, text=True, check=False, timeout=90,
    )  # fmt: skip


def base_environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        name: value for name, value in os.environ.items() if name.startswith("AWS_")
    }


def local_environment(folder: Path, predict_url: str, source_url: str, **more: str) -> dict[str, str]:
    return {
        "PREDICT_URL": predict_url,
        "SOURCE_URL": source_url,
        "SPOOL_URL": (folder / "spool").as_uri(),
        "RESULTS_URL": f"sqlite:///{folder}/results.db",
        **more,
    }


def write_tweets(path: Path, rows: int, start: int = 0) -> str:
    """Write a file in Sentiment140's columns and return its address."""
    lines = [
        json.dumps(
            [
                str(4 * (number % 2)),
                str(number),
                "Mon Apr 06 22:19:45 PDT 2009",
                "NO_QUERY",
                f"u{number}",
                f"post number {number}, said ann",
            ]
        )[1:-1]
        for number in range(start, start + rows)
    ]
    path.write_text("\n".join(line.replace('", "', '","') for line in lines) + "\n", encoding="utf-8")
    return path.as_uri()
