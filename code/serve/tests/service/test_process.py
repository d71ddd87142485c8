"""serve as it runs: gunicorn, several workers, signals, exit codes."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from processes import Served, run_main, start_serve

from develop.fixtures.tiny_release import publish_tiny_release
from sentiment.release.promotion import promote_release
from sentiment.store import open_store


def publish(store_url: str, version: str, bias: float = 0.0) -> None:
    store = open_store(store_url)
    publish_tiny_release(store, version, bias=bias)
    promote_release(store, version, "test")


def test_it_answers_as_the_contract_says(served: Served) -> None:
    answer = served.predict({"text": "I love it"}, **{"X-Request-ID": "my-id.1"})
    assert (answer.status_code, answer.json()) == (200, {"label": "POSITIVE", "score": 0.92414})
    assert answer.headers["X-Model-Version"] == "v1"
    assert answer.headers["X-Request-ID"] == "my-id.1"
    assert requests.get(f"{served.url}/ready", timeout=5).json()["model_version"] == "v1"
    health = requests.get(f"{served.url}/health", timeout=5).json()
    assert (health["status"], health["app"]) == ("ok", "serve")


def test_a_body_over_sixteen_mebibytes_is_refused_in_words(served: Served) -> None:
    answer = requests.post(
        f"{served.url}/predict",
        data=b" " * (17 * 1024 * 1024),
        headers={"Content-Type": "application/json"},
        timeout=20,
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert served.predict({"text": "x"}).status_code == 200


def test_chunked_bodies_are_read_and_capped_too(served: Served) -> None:
    def pieces(count: int) -> object:
        return (b'{"text": "good"}' if piece == 0 else b" " * 65_536 for piece in range(count))

    for count, status in ((3, 200), (300, 413)):
        answer = requests.post(
            f"{served.url}/predict", data=pieces(count), headers={"Content-Type": "application/json"}, timeout=20  # type: ignore[arg-type]
        )  # fmt: skip
        assert answer.status_code == status


def test_the_access_log_has_the_fields_on_call_people_need_and_never_the_text(served: Served) -> None:
    served.predict({"texts": ["a very secret text", "x"]}, **{"X-Request-ID": "look-for-me"})
    (line,) = [line for line in served.read_log() if line.get("request_id") == "look-for-me"]
    assert (line["path"], line["status"], line["texts"], line["model_version"]) == ("/predict", 200, 2, "v1")
    assert line["latency_ms"] > 0
    assert "secret" not in served.log.read_text()


def test_metrics_are_added_up_over_the_workers(served: Served) -> None:
    def count() -> float:
        text = requests.get(f"{served.url}/metrics", timeout=5).text
        return sum(
            float(value) for value in re.findall(r"^sentiment_predictions_total\{.*\} (\S+)$", text, re.MULTILINE)
        )

    before = count()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: served.predict({"texts": ["good", "bad", 3]}).status_code, range(40)))
    assert statuses == [200] * 40
    assert count() - before == 80
    text = requests.get(f"{served.url}/metrics", timeout=5).text
    assert re.search(r'^sentiment_model_info\{version="v1"\} 2.0$', text, re.MULTILINE)
    for name in (
        "sentiment_requests_total",
        "sentiment_request_latency_seconds_bucket",
        "sentiment_texts_per_request_sum",
    ):
        assert name in text
    assert served.predict({}).status_code == 422
    assert 'sentiment_rejections_total{reason="text_missing"}' in requests.get(f"{served.url}/metrics", timeout=5).text


def test_a_silent_connection_costs_nobody_a_thread(served: Served) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    silent = [socket.create_connection((host, int(port))) for _ in range(120)]
    try:
        started = time.monotonic()
        assert served.predict({"text": "x"}).status_code == 200
        assert time.monotonic() - started < 2
    finally:
        for connection in silent:
            connection.close()


def test_it_starts_on_an_empty_store_and_serves_the_first_release_when_it_appears(tmp_path: Path) -> None:
    url = (tmp_path / "store").as_uri()
    with start_serve(url, tmp_path, ready=False) as served:
        assert requests.get(f"{served.url}/ready", timeout=5).status_code == 503
        early = served.predict({"text": "x"})
        assert (early.status_code, early.json()["code"]) == (503, "no_model")
        assert int(early.headers["Retry-After"]) >= 1
        publish(url, "first")
        served.wait_for_version("first")
        assert requests.get(f"{served.url}/ready", timeout=5).status_code == 200


def test_sigterm_lets_requests_in_flight_end(tmp_path: Path) -> None:
    url = (tmp_path / "store").as_uri()
    publish(url, "v1")
    with start_serve(url, tmp_path, WORKERS="1") as served, ThreadPoolExecutor(6) as pool:
        body = {"texts": ["so good and so bad " * 500] * 100}
        answers = [pool.submit(served.predict, body, 60) for _ in range(6)]
        while served.predict({"text": "x"}).elapsed.total_seconds() < 0.02:
            time.sleep(0.01)
        served.process.send_signal(signal.SIGTERM)
        assert [answer.result().status_code for answer in answers] == [200] * 6
        assert served.process.wait(15) == 0


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    url = (tmp_path / "store").as_uri()
    publish(url, "v1")
    with start_serve(url, tmp_path, WORKERS="1") as served:
        (pid,) = re.findall(r"Booting worker with pid: (\d+)", served.log.read_text())
        os.kill(int(pid), signal.SIGKILL)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            try:
                if served.predict({"text": "x"}, timeout=5).status_code == 200:
                    break
            except requests.ConnectionError:
                time.sleep(0.1)
        else:
            pytest.fail("no worker took the place of the killed one")
        booted = re.findall(r"Booting worker with pid: (\d+)", served.log.read_text())
        assert booted[0] == pid
        assert len(set(booted)) == 2


def test_more_at_once_than_places_is_429_for_single_and_batch_alike(tmp_path: Path) -> None:
    url = (tmp_path / "store").as_uri()
    publish(url, "v1")
    slow = {"texts": ["so good and so bad " * 500] * 300}
    with start_serve(url, tmp_path, WORKERS="1", SLOTS="1", WAITING="1") as served, ThreadPoolExecutor(16) as pool:
        done = threading.Event()

        def press() -> None:
            while not done.is_set():
                served.predict(slow, 60)

        pressing = [pool.submit(press) for _ in range(4)]
        refused = {}
        deadline = time.monotonic() + 20
        while len(refused) < 2 and time.monotonic() < deadline:
            for kind, body in (("single", {"text": "x"}), ("batch", {"texts": ["x"]})):
                answer = served.predict(body)
                if answer.status_code == 429:
                    refused[kind] = answer
            assert requests.get(f"{served.url}/health", timeout=2).status_code == 200
        done.set()
        for thread in pressing:
            thread.result()
    for answer in refused.values():
        assert answer.json()["code"] == "overloaded"
        assert int(answer.headers["Retry-After"]) >= 1
    assert refused.keys() == {"single", "batch"}


@pytest.mark.parametrize(("environment", "named"), [
    ({}, "STORE_URL is missing, e.g. STORE_URL=file:///srv/store"),
    ({"STORE_URL": "ftp://host/x"}, "STORE_URL is malformed"),
    ({"STORE_URL": "file://relative"}, "STORE_URL is malformed"),
    ({"STORE_URL": "file:///tmp/x", "MODEL_POLL_SECONDS": "often"}, "MODEL_POLL_SECONDS is malformed"),
    ({"STORE_URL": "file:///tmp/x", "WORKERS": "0"}, "WORKERS is malformed"),
    ({"STORE_URL": "file:///tmp/x", "MODEL_CACHE_DIR": "cache"}, "MODEL_CACHE_DIR is malformed"),
    ({"STORE_URL": "file:///tmp/x", "PORT": "http"}, "PORT is malformed"),
])  # fmt: skip
def test_a_wrong_environment_ends_the_start_with_one_line_and_exit_code_2(
    environment: dict[str, str], named: str
) -> None:
    ended = run_main(**environment)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert named in ended.stderr


def test_check_says_what_to_mend(tmp_path: Path) -> None:
    url = (tmp_path / "store").as_uri()
    environment = {"STORE_URL": url, "MODEL_CACHE_DIR": str(tmp_path / "cache")}
    empty = run_main("check", **environment)
    assert empty.returncode == 1
    assert "no current release" in empty.stdout
    publish(url, "v1")
    fine = run_main("check", **environment)
    assert (fine.returncode, fine.stdout.count("✓")) == (0, 2)


def test_neither_tensorflow_nor_gensim_is_here() -> None:
    import importlib.util

    assert [name for name in ("tensorflow", "keras", "gensim", "sklearn") if importlib.util.find_spec(name)] == []
