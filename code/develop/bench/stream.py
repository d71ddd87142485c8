"""``make bench-stream``: how fast posts go from a replay into the table, how late they are, and how memory grows.

The app runs as one process pinned to one core; serve (the real one with a small release where its environment exists, else
the stand-in of the tests) and the AWS-compatible servers have the other. Writes ``bench/stream.md``.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import requests

from develop.bench.results import write_results
from develop.bench.stream_world import Running, run_pinned, start_serve, write_posts
from develop.fixtures.aws_server import aws_environment, start_aws_server
from develop.fixtures.dynalite import start_dynalite
from develop.places import CODE

sys.path.insert(0, str(CODE / "stream" / "tests"))
from collections.abc import Callable, Iterator

from processes import local_environment

_REPORT = Path(__file__).with_suffix(".md")
_CAP = 250  # posts a second: what X lets through
_LATENCY_SECONDS = 60
_FLAT = 0.05  # of the memory at the first fifth: what the fit may grow by until the end


class Figure(NamedTuple):
    """One line of the report."""

    what: str
    figure: str
    target: str
    reached: bool


class World(NamedTuple):
    """Where to measure, and how much."""

    folder: Path
    predict_url: str
    posts: int
    memory_posts: int


def main() -> None:
    """Measure and report; exit 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="make bench-stream", description=__doc__)
    parser.add_argument("--posts", type=int, default=60_000, help="posts of one throughput run")
    parser.add_argument("--memory-posts", type=int, default=1_000_000, help="posts of the memory run; 0 leaves it out")
    parser.add_argument("--only", default="", help=f"one of {', '.join(_MEASURES)}; the report is not written then")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended as well
    measures = [measure for name, measure in _MEASURES.items() if options.only in name]
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench-stream-") as name, start_serve(Path(name)) as (url, kind):
        world = World(Path(name), url, options.posts, options.memory_posts)
        for measure in measures:
            for figure in measure(world):
                print(f"  {figure.what}: {figure.figure}", flush=True)
                figures.append(figure)
    rows = [(row.what, row.figure, row.target, "yes" if row.reached else "NO") for row in figures]
    remark = (
        f"One process of stream pinned to one core; on the other {kind}, and the AWS-compatible server. Throughput counts "
        "from the first post read to the last one stored, reading included. A delay is a post's own, from its reading to "
        "its being stored and acknowledged; a percentile is given as the upper edge of the bucket it falls into."
    )
    report = Path(name + ".md") if options.only else _REPORT
    print(write_results(report, "stream, measured", "stream", [("Figures", [_HEADER, *rows], remark)]))
    if options.only:
        report.unlink()
    sys.exit(not all(figure.reached for figure in figures))


_HEADER = ("what", "figure", "target", "reached")


def _measure_sqlite(world: World) -> Iterator[Figure]:
    runs = [_replay(world, f"sqlite{run}", world.posts) for run in range(3)]
    rate, cost = (statistics.median(values) for values in zip(*runs, strict=True))
    figure = f"{rate:,.0f} posts/s ({1e6 * cost:,.0f} µs of processor time a post)"
    yield Figure("replay into SQLite, sustained, median of 3", figure, "≥ 2,000", rate >= 2000)


def _measure_dynamodb(world: World) -> Iterator[Figure]:
    for name, url in _start_dynamodbs():
        rate, cost = _replay(world, name, 10_000, **aws_environment(url), RESULTS_URL="dynamodb://bench")
        figure = f"{rate:,.0f} posts/s ({1e6 * cost:,.0f} µs of processor time a post)"
        yield Figure(f"replay into DynamoDB over HTTP ({name}), sustained", figure, f"≥ {_CAP}", rate >= _CAP)


def _measure_latency(world: World) -> Iterator[Figure]:
    yield _measure_delay(world, "SQLite")
    for name, url in _start_dynamodbs():
        yield _measure_delay(world, f"DynamoDB ({name})", **aws_environment(url), RESULTS_URL="dynamodb://late")


def _measure_delay(world: World, store: str, **more: str) -> Figure:
    with _replaying(
        world, re.sub(r"\W+", "-", f"latency-{store}"), _CAP * _LATENCY_SECONDS, f"?rate={_CAP}", more
    ) as running:
        running.wait("finished", 1, seconds=4 * _LATENCY_SECONDS, every_seconds=2.0)
        text = requests.get(f"{running.app.url}/metrics", timeout=30).text
    buckets = [
        (float(edge), float(count))
        for edge, count in re.findall(r'stream_delay_seconds_bucket\{le="([\d.]+)"\} ([\d.]+)', text)
    ]
    total = float(re.findall(r"stream_delay_seconds_count ([\d.]+)", text)[0])
    half, most = (
        min((edge for edge, count in buckets if count >= share * total), default=float("inf")) for share in (0.5, 0.99)
    )
    what = f"from read to stored in {store}, {total:,.0f} posts at a steady {_CAP}/s: p99 (median)"
    return Figure(what, f"≤ {most:g} s (≤ {half:g} s)", "≤ 1 s", most <= 1)


def _measure_memory(world: World) -> Iterator[Figure]:
    if not world.memory_posts:
        return
    sizes: list[tuple[int, float]] = []
    with _replaying(world, "memory", 100_000, "?loop=true", {}) as running:
        started, deadline = time.monotonic(), time.monotonic() + 3600
        stored = 0
        while stored < world.memory_posts and time.monotonic() < deadline:
            time.sleep(5)
            running.look()
            stored = int(running.get("/api/progress")["stored"])
            sizes.append((stored, running.megabytes()))
        rate = stored / (time.monotonic() - started)
    settled = [(posts, size) for posts, size in sizes if posts >= world.memory_posts / 5]
    slope, start = statistics.linear_regression(*zip(*settled, strict=True))
    first, last = (start + slope * posts for posts in (settled[0][0], settled[-1][0]))
    what = f"memory over {stored:,} posts ({rate:,.0f}/s beside an open page): fit from the first fifth to the end"
    figure = (
        f"{first:.0f} to {last:.0f} MB ({1e6 * slope:+.1f} MB a million posts), peak {max(s for _, s in sizes):.0f} MB"
    )
    yield Figure(what, figure, f"growth ≤ {_FLAT:.0%}", last - first <= _FLAT * first and stored >= world.memory_posts)


def _start_dynamodbs() -> Iterator[tuple[str, str]]:
    """Yield the name and address of each DynamoDB that runs here, one after the other."""
    with start_aws_server() as url:
        yield "moto", url
    if not shutil.which("npm"):
        print("no dynalite: npm is missing", file=sys.stderr)
        return
    with start_dynalite() as url:
        yield "dynalite", url


def _replay(world: World, name: str, posts: int, **more: str) -> tuple[float, float]:
    """Return posts a second, and seconds of the processor a post."""
    with _replaying(world, name, posts, "", more) as running:
        started, used = running.wait("read", 1, seconds=60, every_seconds=0.02), running.cpu_seconds()
        seconds = running.wait("finished", 1, seconds=900) - started
        return posts / seconds, (running.cpu_seconds() - used) / posts


@contextmanager
def _replaying(world: World, name: str, posts: int, query: str, more: dict[str, str]) -> Iterator[Running]:
    folder = world.folder / name
    folder.mkdir()
    source = write_posts(folder / "posts.csv.gz", posts) + query
    with ExitStack() as end:
        end.callback(shutil.rmtree, folder, ignore_errors=True)
        yield end.enter_context(run_pinned({**local_environment(folder, world.predict_url, source), **more}, folder))


_MEASURES: dict[str, Callable[[World], Iterator[Figure]]] = {
    "sqlite": _measure_sqlite,
    "dynamodb": _measure_dynamodb,
    "latency": _measure_latency,
    "memory": _measure_memory,
}


if __name__ == "__main__":
    main()
