"""Monitoring: a real Prometheus scrapes the running apps under Locust's load, and every panel of the dashboard has data."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import requests
import yaml

from deploy.check_release.fact import CheckFailedError, Fact
from deploy.check_release.local_apps import ask, end, find_free_port, start, start_app, wait_until, write_sample
from deploy.check_release.parts import Parts
from develop.places import CODE, ENVIRONMENTS

PARTS: Final = Parts(debian=("prometheus",), environments=("train", "serve", "stream"))
_DASHBOARD: Final = CODE / "deploy" / "grafana" / "dashboards" / "sentiment.json"
_POSTS: Final = 1500
_LOAD_SECONDS: Final = 20
_PATIENCE_SECONDS: Final = 90.0
_TRAIN_SECONDS: Final = 600
# Nothing to show where nothing went wrong and no X is read.
_EMPTY_BY_RIGHT: Final = frozenset({"X budget used", "Refused"})


def check_monitoring(folder: Path) -> Iterator[Fact]:
    """Start everything, load it, and ask Prometheus what Grafana would ask."""
    with ExitStack() as stack:
        addresses = _start_apps(stack, folder)
        prometheus = _start_prometheus(stack, folder, addresses)
        yield _load(addresses["serve"], folder)
        targets = ask(f"{prometheus}/api/v1/targets")["data"]["activeTargets"]
        states = {target["labels"]["job"]: target["health"] for target in targets}
        yield Fact("Prometheus reaches all three apps", states == dict.fromkeys(addresses, "up"), str(states))
        yield from _ask_panels(prometheus)
        rules = ask(f"{prometheus}/api/v1/rules")["data"]["groups"][0]["rules"]
        broken = [rule["name"] for rule in rules if rule["health"] != "ok"]
        firing = [rule["name"] for rule in rules if rule["state"] == "firing"]
        yield Fact(
            f"all {len(rules)} alerts are evaluated, and none fires", not broken and not firing, f"{broken} {firing}"
        )


def _start_apps(stack: ExitStack, folder: Path) -> dict[str, str]:
    """Start the three apps on files: one trains, one serves what came of it, one replays; return their addresses."""
    store = (folder / "store").as_uri()
    training, replay = write_sample(folder, _POSTS)
    train = {"STORE_URL": store, "DATASET_URL": training.as_uri()}
    serve = {"STORE_URL": store, "MODEL_CACHE_DIR": str(folder / "releases")}
    addresses = {"train": stack.enter_context(start_app("train", environment=train, folder=folder))}
    trained = requests.get(f"{addresses['train']}/train?wait=true", timeout=_TRAIN_SECONDS)
    if trained.status_code != 200:
        raise CheckFailedError(f"training answers {trained.status_code}: {trained.text[:500]}")
    addresses["serve"] = stack.enter_context(start_app("serve", environment=serve, folder=folder))
    stream = {
        "PREDICT_URL": addresses["serve"],
        "SOURCE_URL": f"{replay.as_uri()}?rate=25&loop=false",
        "SPOOL_URL": (folder / "spool").as_uri(),
        "RESULTS_URL": f"sqlite:///{folder / 'results.db'}",
    }
    return {**addresses, "stream": stack.enter_context(start_app("stream", environment=stream, folder=folder))}


def _start_prometheus(stack: ExitStack, folder: Path, addresses: Mapping[str, str]) -> str:
    """Start Prometheus with the compose file's settings, but these addresses and a short interval; return its address."""
    source = CODE / "deploy" / "prometheus"
    settings = yaml.safe_load((source / "prometheus.yml").read_text(encoding="utf-8"))
    settings["global"] = {"scrape_interval": "2s", "evaluation_interval": "2s"}
    settings["rule_files"] = [str(source / "alerts.yml")]
    for job in settings["scrape_configs"]:
        job["static_configs"] = [{"targets": [addresses[job["job_name"]].removeprefix("http://")]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    port, log = find_free_port(), folder / "prometheus.log"
    words = [
        "prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'metrics'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    process = start(words, folder, {}, stack.enter_context(log.open("wb")))
    stack.callback(end, process)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: ask(f"{url}/api/v1/status/buildinfo") is not None, _PATIENCE_SECONDS, process, log)
    return url


def _load(url: str, folder: Path) -> Fact:
    """Let Locust's users call serve for a while."""
    words = [
        str(ENVIRONMENTS / "tools" / "bin" / "locust"), "--headless",
        "--locustfile", str(CODE / "develop" / "locust" / "locustfile.py"),
        "--users", "4", "--spawn-rate", "4", "--run-time", f"{_LOAD_SECONDS}s", "--host", url, "--exit-code-on-error", "1",
        "--csv", str(folder / "load"), "--only-summary",
    ]  # fmt: skip
    ended = subprocess.run(words, capture_output=True, text=True, timeout=_LOAD_SECONDS + 120, check=False)
    if not (folder / "load_stats.csv").exists():
        raise CheckFailedError(f"Locust wrote no figures:\n{(ended.stdout + ended.stderr)[-2000:]}")
    total = (folder / "load_stats.csv").read_text().splitlines()[-1].split(",")
    requests, failures = int(total[2]), int(total[3])
    return Fact(
        "Locust's users are answered", ended.returncode == 0 and requests > 0 and not failures, f"{requests} requests"
    )


def _ask_panels(prometheus: str) -> Iterator[Fact]:
    """Ask each panel's question, again while data are young."""
    panels = json.loads(_DASHBOARD.read_text(encoding="utf-8"))["panels"]
    wanted = {(panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", ())}
    deadline = time.monotonic() + _PATIENCE_SECONDS
    empty = {question for question in wanted if not _query(prometheus, question[1])}
    while {title for title, _ in empty} - _EMPTY_BY_RIGHT and time.monotonic() < deadline:
        time.sleep(2.0)
        empty = {question for question in empty if not _query(prometheus, question[1])}
    silent = sorted({title for title, _ in empty} - _EMPTY_BY_RIGHT)
    yield Fact(f"all {len(wanted)} questions of the dashboard's panels have answers", not silent, ", ".join(silent))


def _query(prometheus: str, expression: str) -> list[Any]:
    question = urlencode({"query": expression.replace("$__rate_interval", "30s")})
    answer = ask(f"{prometheus}/api/v1/query?{question}")
    if answer is None:
        raise CheckFailedError(f"Prometheus does not take {expression}")
    found: list[Any] = answer["data"]["result"]
    return found
