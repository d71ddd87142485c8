"""Rows walk from a data set to the table through three real processes and HTTP, also when stream is killed on the way."""

import csv
import gzip
import json
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import requests

from develop.demo.plan import read_plan
from develop.fixtures.aws_server import aws_environment, start_aws_server
from develop.fixtures.tracked import read
from develop.places import CODE, LOCAL, app_folder, python_of
from end_to_end.examples import has_shape_of, read_examples, run_example
from end_to_end.places_of_data import REPLAY_ROWS, is_number, make_aws_world, make_files_world

RATE = 300  # posts a second: the replay lasts long enough to be killed in its middle


@pytest.fixture(params=["files and SQLite", "S3 and DynamoDB"])
def world(request, tmp_path):
    if request.param.startswith("files"):
        yield make_files_world(tmp_path)
        return
    with ExitStack() as stack:
        url = stack.enter_context(start_aws_server())
        yield make_aws_world(tmp_path, url, aws_environment(url))


@pytest.mark.timeout(900)
def test_rows_walk_from_the_data_set_to_the_table_and_none_is_lost_or_doubled(world, start_app, tmp_path):
    train = start_app("train", world.environment | {"STORE_URL": world.store_url, "DATASET_URL": world.dataset_url})
    version = train_over_http(train)
    serve_environment = {"STORE_URL": world.store_url, "MODEL_CACHE_DIR": str(tmp_path / "releases")}
    serve = start_app("serve", world.environment | serve_environment).wait_until_ready()
    assert requests.get(f"{serve.url}/ready", timeout=5).json()["model_version"] == version
    settings = world.environment | {
        "PREDICT_URL": serve.url,
        "SOURCE_URL": f"{world.replay_url}?rate={RATE}&loop=false",
        "SPOOL_URL": world.spool_url,
        "RESULTS_URL": world.results_url,
    }
    kill_in_mid_replay(start_app("stream", settings))
    stream = start_app("stream", settings).wait_until_ready()
    progress = stream.wait_for(lambda: finished_progress(stream), 180)
    assert (progress["read"], progress["stored"], progress["dead_letters"]) == (REPLAY_ROWS, REPLAY_ROWS, 0)
    check_table(world, serve, version)
    check_examples({8080: serve.port, 8081: train.port, 8082: stream.port})
    assert summarize(settings)["accuracy"] > 0.65, "a model that learned nothing would get a half"
    for app in (stream, serve, train):
        assert app.end() == 0, f"{app.name} does not end cleanly"
    if world.store_url.startswith("file:"):
        check_demo(world)


def train_over_http(train):
    train.wait_until_ready()
    answer = requests.get(f"{train.url}/train", timeout=30)
    assert answer.status_code == 202
    run = answer.json()
    assert answer.headers["Location"].endswith(run["status_url"])
    status_url = f"{train.url}{run['status_url']}"

    def ended():
        status = requests.get(status_url, timeout=10).json()
        return status if status["status"] not in ("queued", "running") else None

    status = train.wait_for(ended, 400)
    assert status["status"] == "succeeded", status
    assert status["promoted"] is True
    assert status["progress"] == 1
    return status["model_version"]


def kill_in_mid_replay(stream):
    stream.wait_until_ready()

    def underway():
        progress = requests.get(f"{stream.url}/api/progress", timeout=10).json()
        return progress if (progress.get("stored") or 0) > REPLAY_ROWS // 5 else None

    progress = stream.wait_for(underway, 120)
    stream.kill()
    assert progress["stored"] < REPLAY_ROWS, "the kill came after the end and proves nothing"
    assert not progress["source_finished"]


def finished_progress(stream):
    # On DynamoDB counting is a scan whose answer is kept for a while: the counts may lag behind the end.
    progress = requests.get(f"{stream.url}/api/progress", timeout=10).json()
    return progress if progress.get("finished") and progress["stored"] >= REPLAY_ROWS else None


def check_table(world, serve, version):
    with gzip.open(Path(unquote(urlsplit(world.replay_url).path)), "rt", encoding="utf-8", newline="") as file:
        replayed = {row[1]: row for row in csv.reader(file)}
    rows = world.read_table()
    assert len(rows) == len(replayed), "a post is stored twice, or not at all"
    assert {str(row["id"]) for row in rows} == set(replayed)
    for row in rows:
        _, _, _, _, user, text = replayed[str(row["id"])]
        assert row["twitter_raw"] == text
        assert row["user"] == user
        assert row["model_version"] == version
        assert row["sentiment"] in ("NEGATIVE", "NEUTRAL", "POSITIVE")
        assert is_number(row["score"])
        assert 0 <= row["score"] <= 1
        assert row["data"] < row["analyzed_at"], "ISO 8601 in UTC sorts by time"
    sample = sorted(rows, key=lambda row: str(row["id"]))[:50]
    answer = requests.post(f"{serve.url}/predict", json={"texts": [row["twitter_clean"] for row in sample]}, timeout=30)
    assert answer.headers["X-Model-Version"] == version
    for row, prediction in zip(sample, answer.json()["predictions"], strict=True):
        assert prediction["label"] == row["sentiment"]
        assert prediction["score"] == pytest.approx(float(row["score"]), abs=1e-4)


def check_examples(ports):
    examples = read_examples(read("README.md"))
    assert len(examples) >= 4, "the README shows what each app answers"
    for command, shown in examples:
        found = run_example(command, ports)
        assert has_shape_of(found, shown), f"{command}\nanswers {found}"


def summarize(settings):
    words = [python_of("stream"), "main.py", "summary", "--json", "--labels", settings["SOURCE_URL"].partition("?")[0]]
    answer = subprocess.run(words, cwd=app_folder("stream"), env=settings, capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


def check_demo(world):
    """The demo on the same store: no training, one line of JSON at the end, nothing lost and nothing left behind."""
    addresses = {
        "STORE_URL": world.store_url, "DATASET_URL": world.dataset_url, "SOURCE_URL": f"{world.replay_url}?rate=1000",
    }  # fmt: skip
    folder = read_plan(addresses, LOCAL / "demo").folder
    try:
        for _ in range(2):
            ended = run_demo(addresses | {"ONCE": "1"})
            assert ended.returncode == 0, ended.stdout
            assert "no training" in ended.stdout
            result = json.loads(ended.stdout.splitlines()[-1])
            assert set(result) == {"replayed", "stored", "dead_letters", "accuracy", "model_version", "seconds"}
            assert (result["replayed"], result["stored"], result["dead_letters"]) == (REPLAY_ROWS, REPLAY_ROWS, 0)
            assert result["accuracy"] > 0.65
        interrupt_demo(addresses, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start_demo(environment):
    kept = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(CODE)}
    return subprocess.Popen(
        [sys.executable, "-m", "develop.demo"], env=kept | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip


def run_demo(environment):
    process = start_demo(environment)
    output, _ = process.communicate(timeout=240)
    return subprocess.CompletedProcess(process.args, process.returncode, output)


def interrupt_demo(addresses, folder):
    process = start_demo(addresses)
    try:
        for line in process.stdout:
            if "stay up until Ctrl-C" in line:
                break
        pages = json.loads((folder / "pages.json").read_text())
        for page in pages.values():
            assert requests.get(page, timeout=30).status_code == 200
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0
    for page in pages.values():
        with pytest.raises(requests.ConnectionError):
            requests.get(page, timeout=5)
