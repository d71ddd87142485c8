"""``make bench-stream``: how fast posts go from a replay into the table, how late they are, and how memory grows.

The app runs as one process pinned to one core; serve (the real one with a small release where its environment exists, else
the stand-in of the tests) and the AWS-compatible server have the other. Writes ``bench/stream.md``.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import requests
from fixtures.aws_server import aws_environment, start_aws_server
from fixtures.ports import find_free_port
from places import CODE, ROOT, describe_revision, python_of

sys.path.insert(0, str(CODE / "stream" / "tests"))
from processes import App, local_environment
from simulators.serve import ServeSimulator

if TYPE_CHECKING:
    from collections.abc import Iterator

_STREAM_CORE, _OTHER_CORE = 0, 1
_TOPICS = ("acme", "delta", "nova", "zenith")
_WORDS = [
    "love",
    "hate",
    "great",
    "awful",
    "flight",
    "bags",
    "crew",
    "late",
    "early",
    "thanks",
    "never",
    "again",
    "the",
    "a",
    "my",
    "your",
    "this",
    "and",
    "but",
    "so",
    "really",
]


class Figure(NamedTuple):
    """One line of the report."""

    what: str
    figure: str
    target: str
    reached: bool


def main() -> None:
    """Measure and report; exit 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="make bench-stream", description=__doc__)
    parser.add_argument("--posts", type=int, default=60_000, help="posts of one throughput run")
    parser.add_argument("--memory-posts", type=int, default=1_000_000, help="posts of the memory run; 0 leaves it out")
    parser.add_argument("--only", default="", help="measure only figures whose name holds this")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended as well
    with tempfile.TemporaryDirectory(prefix="bench-stream-") as name, _start_serve(Path(name)) as (url, kind):
        figures = [figure for measure in _choose(options.only) for figure in measure(Path(name), url, options)]
    report = _write_report(figures, kind, options)
    print(report)
    sys.exit(not all(figure.reached for figure in figures))


def _choose(only: str) -> list[Any]:
    measures = {
        "sqlite": _measure_sqlite,
        "dynamodb": _measure_dynamodb,
        "latency": _measure_latency,
        "memory": _measure_memory,
    }
    return [measure for name, measure in measures.items() if only in name]


def _measure_sqlite(folder: Path, predict_url: str, options: argparse.Namespace) -> list[Figure]:
    rates = sorted(_replay(folder / f"sqlite{run}", predict_url, options.posts) for run in range(3))
    return [
        Figure("replay into SQLite, sustained, median of 3", f"{rates[1]:,.0f} posts/s", "≥ 2,000", rates[1] >= 2000)
    ]


def _measure_dynamodb(folder: Path, predict_url: str, _options: argparse.Namespace) -> list[Figure]:
    with start_aws_server() as aws_url:
        more = {**aws_environment(aws_url), "RESULTS_URL": "dynamodb://bench"}
        rate = _replay(folder / "dynamodb", predict_url, 5_000, **more)
    return [Figure("replay into DynamoDB over HTTP (moto, one process)", f"{rate:,.0f} posts/s", "≥ 250", rate >= 250)]


def _measure_latency(folder: Path, predict_url: str, _options: argparse.Namespace) -> list[Figure]:
    source = _write_posts(folder / "latency.csv.gz", 15_000)
    environment = local_environment(folder / "latency", predict_url, f"{source}?rate=250")
    with _run(environment, folder / "latency") as app:
        app.wait_until("/api/progress", lambda progress: progress["finished"], seconds=180)
        text = requests.get(f"{app.url}/metrics", timeout=10).text
    buckets = [
        (float(edge), float(count))
        for edge, count in re.findall(r'stream_delay_seconds_bucket\{le="([\d.]+)"\} ([\d.]+)', text)
    ]
    total = float(re.findall(r"stream_delay_seconds_count ([\d.]+)", text)[0])
    p99 = min((edge for edge, count in buckets if count >= 0.99 * total), default=float("inf"))
    return [
        Figure(
            "p99 from read to stored at 250 posts/s into SQLite (oldest post of each batch)",
            f"≤ {p99:g} s",
            "≤ 1 s",
            p99 <= 1,
        )
    ]


def _measure_memory(folder: Path, predict_url: str, options: argparse.Namespace) -> list[Figure]:
    if not options.memory_posts:
        return []
    source = _write_posts(folder / "memory.csv.gz", 100_000)
    environment = local_environment(folder / "memory", predict_url, f"{source}?loop=true")
    sizes, marks = [], [options.memory_posts * share // 10 for share in range(1, 11)]
    with _run(environment, folder / "memory") as app:
        for mark in marks:
            app.wait_until("/api/progress", lambda progress, mark=mark: progress["stored"] >= mark, seconds=1200)
            sizes.append(_memory_megabytes(app.process.pid))
    growth = sizes[-1] - sizes[1]
    name = f"memory of the worker at {marks[1]:,} and {marks[-1]:,} posts"
    return [Figure(name, f"{sizes[1]:.0f} MB, {sizes[-1]:.0f} MB", "growth ≤ 10 %", growth <= 0.1 * sizes[1])]


def _replay(folder: Path, predict_url: str, posts: int, **more: str) -> float:
    folder.mkdir()
    source = _write_posts(folder / "posts.csv.gz", posts)
    environment = {**local_environment(folder, predict_url, source), **more}
    with _run(environment, folder) as app:
        app.wait_until("/api/progress", lambda progress: progress["stored"] >= posts // 10, seconds=300)
        before, started = app.get("/api/progress")["stored"], time.monotonic()
        app.wait_until("/api/progress", lambda progress: progress["finished"], seconds=900)
        return (app.get("/api/progress")["stored"] - before) / (time.monotonic() - started)


@contextmanager
def _run(environment: dict[str, str], folder: Path) -> Iterator[App]:
    folder.mkdir(exist_ok=True)
    app = App(environment, folder / "stream.log")
    try:
        os.sched_setaffinity(app.process.pid, {_STREAM_CORE})
        app.wait_until("/health", lambda answer: answer["status"] == "ok")
        for task in Path(f"/proc/{_worker_of(app.process.pid)}/task").iterdir():
            os.sched_setaffinity(int(task.name), {_STREAM_CORE})
        yield app
    finally:
        app.end()


@contextmanager
def _start_serve(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield serve's address and what it is."""
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


def _publish(python: Path, store: Path) -> bool:
    script = (
        "import sys; from fixtures.tiny_release import publish_tiny_release; from sentiment.store import open_store; "
        "from sentiment.promotion import promote_release; store = open_store(sys.argv[1]); "
        "promote_release(store, publish_tiny_release(store, 'bench').version, 'bench')"
    )
    paths = {**os.environ, "PYTHONPATH": str(CODE / "operations" / "tests")}
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


def _write_posts(path: Path, posts: int) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1, newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        for number in range(posts):
            words = " ".join(_WORDS[(number * 7 + place * (number % 11 + 1)) % len(_WORDS)] for place in range(14))
            moment = datetime.fromtimestamp(1_770_000_000 + number, UTC)
            text = f"@ann{number % 50} {words} http://t.co/{number} #{_TOPICS[number % 4]}"
            writer.writerow(
                (0, number, f"{moment:%a %b %d %H:%M:%S UTC %Y}", _TOPICS[number % 4], f"user{number % 999}", text)
            )
    return path.as_uri()


def _worker_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else pid


def _memory_megabytes(pid: int) -> float:
    status = Path(f"/proc/{_worker_of(pid)}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


def _write_report(figures: list[Figure], kind: str, options: argparse.Namespace) -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "",
    )
    commit = describe_revision("stream").get("APP_COMMIT", "unknown")
    machine = f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}"
    rows = [f"| {row.what} | {row.figure} | {row.target} | {'yes' if row.reached else 'NO'} |" for row in figures]
    lines = [
        "# stream, measured",
        "",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit}, {machine}.",
        f"One process of stream pinned to one core; on the other {kind}. Written by `make bench-stream`.",
        "",
        "| what | figure | target | reached |",
        "|---|---|---|---|",
        *rows,
        "",
    ]
    text = "\n".join(lines)
    if not options.only:
        (ROOT / "code/operations/bench/stream.md").write_text(text, encoding="utf-8")
    return text


if __name__ == "__main__":
    main()
