"""What stream's benchmark measures in: posts to replay, a serve on the other core, and the app as one pinned process."""

from __future__ import annotations

import csv
import gzip
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from develop.fixtures.ports import find_free_port
from develop.places import CODE, python_of

sys.path.insert(0, str(CODE / "stream" / "tests"))
from collections.abc import Iterator, Mapping

from processes import App

from develop.simulators.serve import ServeSimulator

_STREAM_CORE, _OTHER_CORE = 0, 1
_PATIENCE_SECONDS = 180
_TOPICS = ("acme", "delta", "nova", "zenith")
_SAID = "love hate great awful flight bags crew late early thanks never again the a my your this and but so really"


class Running:
    """The app, pinned to one core."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._worker = _worker_of(app.process.pid)
        for task in Path(f"/proc/{self._worker}/task").iterdir():
            os.sched_setaffinity(int(task.name), {_STREAM_CORE})

    def wait(self, name: str, least: int, seconds: float, every_seconds: float = 0.25) -> float:
        """Wait until a figure of /api/progress is at least ``least`` and return the moment."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if int(self.get("/api/progress")[name] or 0) >= least:
                return time.monotonic()
            time.sleep(every_seconds)
        raise AssertionError(f"{name} does not reach {least}\n{self.app.log.read_text()[-2000:]}")

    def get(self, path: str) -> Any:
        """Return the JSON of a path, with patience for a machine that others use."""
        return requests.get(self.app.url + path, timeout=_PATIENCE_SECONDS).json()

    def cpu_seconds(self) -> float:
        """Return the worker's time on the processor so far."""
        ticks = Path(f"/proc/{self._worker}/stat").read_text().rpartition(")")[2].split()
        return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        """Return the worker's resident memory."""
        status = Path(f"/proc/{self._worker}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

    def look(self) -> None:
        """Ask what an open page asks."""
        for path in ("/api/summary?minutes=10080", "/api/tweets?limit=12", "/api/tweets?limit=12&sentiment=NEGATIVE"):
            self.get(path)


@contextmanager
def run_pinned(environment: Mapping[str, str], folder: Path) -> Iterator[Running]:
    """Run the app until the block ends."""
    folder.mkdir(exist_ok=True)
    app = App(environment, folder / "stream.log")
    try:
        os.sched_setaffinity(app.process.pid, {_STREAM_CORE})
        app.wait_until("/health", lambda answer: answer["status"] == "ok")
        yield Running(app)
    finally:
        app.end()


@contextmanager
def start_serve(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield serve's address and what it is: the real one where its environment exists, else the tests' stand-in."""
    with ExitStack() as end:
        python, url = python_of("serve"), f"http://127.0.0.1:{find_free_port()}"
        if python.exists() and _publish(python, folder / "store"):
            environment = {**os.environ, "STORE_URL": (folder / "store").as_uri(), "PORT": url.rpartition(":")[2],
                           "MODEL_CACHE_DIR": str(folder / "cache"), "WORKERS": "1", "LOG_LEVEL": "WARNING"}  # fmt: skip
            environment.pop("PYTHONPATH", None)
            with (folder / "serve.log").open("wb") as log:
                process = subprocess.Popen(
                    [python, "main.py"], cwd=CODE / "serve" / "app", env=environment, stdout=log, stderr=log
                )
            end.callback(process.wait)
            end.callback(process.terminate)
            os.sched_setaffinity(process.pid, {_OTHER_CORE})
            _wait_until_ready(url)
            yield url, "the real serve, one worker, with the tests' small release"
        else:
            simulator = ServeSimulator()
            end.callback(simulator.close)
            yield simulator.url, "the stand-in of the tests (serve's environment is not there)"


def write_posts(path: Path, posts: int) -> str:
    """Write posts in Sentiment140's columns, one a second of their own time, and return the file's address."""
    path.parent.mkdir(parents=True, exist_ok=True)
    said = _SAID.split()
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1, newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        for number in range(posts):
            words = " ".join(said[(number * 7 + place * (number % 11 + 1)) % len(said)] for place in range(14))
            moment = datetime.fromtimestamp(1_770_000_000 + number, UTC)
            text = f"@ann{number % 50} {words} http://t.co/{number} #{_TOPICS[number % 4]}"
            writer.writerow(
                (0, number, f"{moment:%a %b %d %H:%M:%S UTC %Y}", _TOPICS[number % 4], f"user{number % 999}", text)
            )
    return path.as_uri()


def _publish(python: Path, store: Path) -> bool:
    script = (
        "import sys; from develop.fixtures.tiny_release import publish_tiny_release; from sentiment.store import open_store; "
        "from sentiment.release.promotion import promote_release; store = open_store(sys.argv[1]); "
        "promote_release(store, publish_tiny_release(store, 'bench').version, 'bench')"
    )
    paths = {**os.environ, "PYTHONPATH": str(CODE)}
    done = subprocess.run(
        [python, "-c", script, store.as_uri()], env=paths, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"the real serve cannot be used: {done.stderr.strip()[-200:]}", file=sys.stderr)
    return done.returncode == 0


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{url}/ready", timeout=2).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.2)
    sys.exit("serve did not become ready")


def _worker_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else pid
