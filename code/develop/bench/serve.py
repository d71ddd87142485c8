"""``make bench-serve``: serve beside an endpoint that only echoes, beside its own classifier, and beside its peers.

The release is the one at STORE_URL, else the newest that a demo has trained here.
"""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from develop.bench.load import run_load
from develop.bench.peers import measure_peers
from develop.bench.results import write_results
from develop.bench.rounds import ROUNDS, alternate, make_asker, make_caller
from develop.bench.servers import start_server
from develop.bench.texts import ONE, read_texts
from develop.places import CODE, LOCAL
from sentiment.model.classifier import Classifier, load_classifier
from sentiment.release.fetching import fetch_release
from sentiment.release.manifest import MANIFEST, ONNX_NETWORK
from sentiment.release.promotion import read_current
from sentiment.store import open_store

HERE: Final = Path(__file__).parent
BATCH: Final = 256
BATCHES: Final = 200
WORKER: Final = ("libs.service.worker.ServeWorker", "42")
WORKERS: Final = (("sync", "1"), ("gthread", "4"), ("gthread", "42"), ("libs.service.worker.ServeWorker", "12"), WORKER)


def main() -> None:
    """Measure everything, print it and keep it."""
    store_url = find_store()
    texts, remark = read_texts(BATCH * BATCHES)
    singles = [orjson.dumps({"text": text}) for text in texts[:: len(texts) // 2000]]
    with TemporaryDirectory() as cache:
        current = read_current(open_store(store_url))
        if current is None:
            sys.exit(f"{store_url} has no current release")
        release = fetch_release(open_store(store_url), current.current.version, Path(cache))
        (release.folder / MANIFEST).write_text(release.manifest.model_dump_json())  # the peers read it from there
        environment = {**os.environ, "STORE_URL": store_url, "MODEL_CACHE_DIR": f"{cache}/serve", "WORKERS": "1"}
        paths = [CODE / "serve" / "app", HERE, CODE / "shared"]
        environment["PYTHONPATH"] = os.pathsep.join(str(path) for path in paths)
        sections = [
            measure_single(environment, singles),
            measure_batches(environment, load_classifier(release), texts),
            measure_start(environment),
            measure_workers(environment, singles),
            measure_peers(environment, _echo("create_app", *WORKER), release, singles),
        ]
        network = f"release {release.version}, network of {release.manifest.files[ONNX_NETWORK].bytes / 1e6:.1f} MB"
    sections[0] = (*sections[0][:2], f"{sections[0][2]} Texts everywhere: {remark}.")
    print(write_results(HERE / "serve.md", f"serve, measured · {network}", "serve", sections))


def find_store() -> str:
    """Return the address of a store with a trained release, or end with what to do."""
    if "STORE_URL" in os.environ:
        return os.environ["STORE_URL"]
    stores = sorted(LOCAL.glob("**/store/models/current.json"), key=lambda path: path.stat().st_mtime)
    if not stores:
        sys.exit("there is no trained release here: run `ONCE=1 make demo` first, or set STORE_URL")
    newest: Path = stores[-1]
    return newest.parents[1].as_uri()


def measure_single(environment: dict[str, str], bodies: list[bytes]) -> tuple[str, list[list[str]], str]:
    """One text: ``/predict`` beside ``/echo`` of the same process, and beside a bare Flask echo."""
    rows = [["connections", "endpoint", "requests/s", "p50 ms", "p99 ms", "of the echo's rate", "of its p99"]]
    with start_server(_echo("create_app", *WORKER), environment, "/ready") as here, start_server(
        _echo("create_bare_app", *WORKER), environment, "/echo", {}
    ) as bare:  # fmt: skip
        for connections in (1, 16):
            urls = {"/echo, same app": f"{here.url}/echo", "/predict": f"{here.url}/predict"}
            urls["/echo, bare Flask"] = f"{bare.url}/echo"
            figures = alternate({name: make_asker(url, bodies, connections) for name, url in urls.items()})
            echo = figures["/echo, same app"]
            rows += [
                [
                    str(connections),
                    name,
                    *found.cells(),
                    f"{found.rate / echo.rate:.0%}",
                    f"{found.p99_ms / echo.p99_ms:.2f}×",
                ]
                for name, found in figures.items()
            ]
    return (
        "One text",
        rows,
        "One worker, kept-alive connections, rounds in turn. Wanted: ≥ 60 % of the rate, ≤ 2× the p99.",
    )


def measure_batches(
    environment: dict[str, str], classifier: Classifier, texts: list[str]
) -> tuple[str, list[list[str]], str]:
    """Batches of 256 over HTTP, one connection to one worker, beside the classifier called in this process."""
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    bodies = [orjson.dumps({"texts": batch}) for batch in batches]
    with start_server(_echo("create_app", *WORKER), environment, "/ready") as here:
        figures = alternate(
            {
                "classifier in this process": make_caller(classifier, batches),
                "POST /predict": make_asker(f"{here.url}/predict", bodies, 1),
            }
        )
    inside = figures["classifier in this process"].rate
    rows = [["way", "texts/s", "µs a text", "p50 ms a batch", "of the classifier's rate"]]
    for name, found in figures.items():
        rate = found.rate * BATCH
        rows.append([name, f"{rate:,.0f}", f"{1e6 / rate:.0f}", f"{found.middle_ms:.1f}", f"{found.rate / inside:.0%}"])
    return (
        f"Batches of {BATCH} texts",
        rows,
        "Cleaning included in both; each batch has other texts. Wanted: ≥ 70 % and ≥ 8,000 texts/s on one core.",
    )


def measure_start(environment: dict[str, str]) -> tuple[str, list[list[str]], str]:
    """From the command to ``/ready``, and the memory of a worker that has answered."""
    command = [sys.executable, str(CODE / "serve" / "app" / "main.py")]
    seconds, megabytes = [], 0.0
    for _ in range(ROUNDS):
        with start_server(command, environment, "/ready") as here:
            seconds.append(here.start_seconds)
            body = orjson.dumps({"texts": [ONE] * BATCH})
            run_load(f"{here.url}/predict", [body], connections=4, seconds=1)
            megabytes = max(megabytes, *here.read_worker_megabytes())
    rows = [["start to ready, median s", "fastest s", "memory of a worker, MB"]]
    rows.append([f"{statistics.median(seconds):.2f}", f"{min(seconds):.2f}", f"{megabytes:.0f}"])
    return ("Start and memory", rows, "Wanted: ≤ 2 s, ≤ 250 MB.")


def measure_workers(environment: dict[str, str], bodies: list[bytes]) -> tuple[str, list[list[str]], str]:
    """Compare gunicorn's worker types and thread counts, one text, 16 connections."""
    rows = [["worker", "threads", "requests/s", "p50 ms", "p99 ms"]]
    for worker, threads in WORKERS:
        with start_server(_echo("create_app", worker, threads), environment, "/ready") as here:
            found = alternate({"": make_asker(f"{here.url}/predict", bodies, 16)})[""]
        rows.append([worker.rpartition(".")[2], threads, *found.cells()])
    remark = (
        "The synchronous worker takes one connection at a time and answers probes only between requests; it cannot say 429. "
        "ServeWorker is gthread with the arrival noted and silent connections kept off the threads: chosen, with as many "
        "threads as may compute, wait or be refused at once."
    )
    return ("Worker types", rows, remark)


def _echo(factory: str, worker: str, threads: str) -> list[str]:
    return [sys.executable, str(HERE / "echo_server.py"), factory, worker, threads, "PORT"]


if __name__ == "__main__":
    main()
