"""train as its users meet it: over HTTP, under gunicorn, with a real training."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from processes import FAST, run_command, start_service

from develop.fixtures.aws_server import aws_environment
from develop.fixtures.tiny_release import publish_tiny_release
from libs.runs.lease import read_lease
from sentiment.model.classifier import load_classifier
from sentiment.release.fetching import fetch_release
from sentiment.release.held_out import hash_text, is_held_out
from sentiment.release.manifest import REQUIRED_FILES
from sentiment.release.promotion import promote_release, read_current
from sentiment.store import Store, open_store
from sentiment.text.cleaning import clean

HEADERS = {"Authorization": "Bearer secret"}


def environment(store: Store, **extra: str) -> dict[str, str]:
    return {"STORE_URL": store.url, "DATASET_URL": "sample", **extra}


def write_dataset(store: Store) -> list[str]:
    """Put a small corpus that two words decide into the store, and return its texts."""
    things = ["phone", "flight", "coffee", "parcel", "ticket", "shoe", "train", "meal", "seat", "app"]
    places = ["home", "work", "Paris", "noon", "night", "once", "last", "least", "the gate", "the desk"]
    texts = [
        f"{'love' if n % 2 else 'hate'} the {things[n // 2 % 10]} at {places[n // 20 % 10]}, take {n}"
        for n in range(900)
    ]
    lines = "".join(
        json.dumps({"text": text, "label": "positive" if "love" in text else "negative"}) + "\n" for text in texts
    )
    store.create("datasets/small.jsonl", lines.encode())
    return texts


@pytest.mark.parametrize("kind", ["directory", "s3"])
def test_get_train_really_trains_and_publishes_what_a_reader_can_serve(
    kind: str, tmp_path: Path, store: Store, request: pytest.FixtureRequest
) -> None:
    extra = {}
    if kind == "s3":
        bucket = request.getfixturevalue("bucket")
        extra = aws_environment(request.getfixturevalue("aws_url"))
        store = open_store(f"s3://{bucket}/some/prefix")
    texts = write_dataset(store)
    with start_service(environment(store, DATASET_URL="store:datasets/small.jsonl", **extra)) as service:
        accepted = service.get("/train")
        body = accepted.json()
        assert accepted.status_code == 202
        assert body["status_url"] == accepted.headers["Location"] == f"/runs/{body['run_id']}"
        answer = service.get("/train?wait=true")
        run = answer.json()
        assert (answer.status_code, run["status"], run["run_id"]) == (200, "succeeded", body["run_id"])
        assert run["promoted"] is True
        assert run["progress"] == 1
        assert run["metrics"]["accuracy"] > 0.9
        assert service.get("/models").json()["current"] == run["model_version"]
        assert service.get(f"/models/{run['model_version']}/report.json").json()["metrics"]["accuracy"]["value"] > 0.9
    release = fetch_release(store, run["model_version"], tmp_path / "cache")
    assert set(REQUIRED_FILES) <= set(release.manifest.files)
    classifier = load_classifier(release)
    good, bad = classifier.predict([clean("love the coffee at home"), clean("hate the seat at noon")])
    assert good.score > 0.5 > bad.score
    held_out = sum(is_held_out(hash_text(clean(text))) for text in texts)
    assert release.manifest.datasets[0].rows == len(texts) - held_out


def test_a_second_call_answers_the_same_run_and_cancelling_ends_every_process_of_it(store: Store) -> None:
    with start_service(environment(store, WORKERS="3")) as service:
        with ThreadPoolExecutor(8) as pool:
            ids = {answer.json()["run_id"] for answer in pool.map(lambda _: service.get("/train"), range(16))}
        assert len(ids) == 1
        run_id = ids.pop()
        service.await_run(run_id, {"running"})
        training = read_lease(store).lease.holder
        assert training is not None
        cancelled = service.delete(f"/runs/{run_id}").json()
        assert cancelled["status"] == "cancelled"
        assert not training.alive
        assert service.delete(f"/runs/{run_id}").json()["code"] == "run_finished"
        assert service.get("/train").json()["run_id"] != run_id


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_restart_marks_the_unfinished_run_interrupted_and_leaves_no_process_behind(how: int, store: Store) -> None:
    with start_service(environment(store)) as service:
        run_id = service.get("/train").json()["run_id"]
        service.await_run(run_id, {"running"})
        training = read_lease(store).lease.holder
        assert training is not None
        service.process.send_signal(how)
        service.process.wait(40)
    with start_service(environment(store)) as again:
        assert again.get(f"/runs/{run_id}").json()["status"] == "interrupted"
        assert not training.alive
        assert read_current(store) is None
        assert again.get("/train").json()["run_id"] != run_id


def test_a_training_process_that_is_killed_is_a_failed_run(store: Store) -> None:
    with start_service(environment(store)) as service:
        run_id = service.get("/train").json()["run_id"]
        service.await_run(run_id, {"running"})
        holder = read_lease(store).lease.holder
        assert holder is not None
        os.kill(holder.pid, signal.SIGKILL)
        run = service.await_run(run_id, {"failed", "interrupted"}, 20)
        assert run["status"] == "failed"
        assert "signal 9" in run["error"]


def test_a_data_set_that_cannot_be_learnt_from_fails_the_run_and_changes_nothing(store: Store) -> None:
    store.create("datasets/one.csv", b"text,label\n" + b"".join(b"t%d,positive\n" % n for n in range(50)))
    with start_service(environment(store, DATASET_URL="store:datasets/one.csv")) as service:
        answer = service.get("/train?wait=true")
        problem = answer.json()
        assert answer.status_code == 500
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (problem["code"], problem["run"]["status"]) == ("one_label", "failed")
        assert service.get("/models").json() == {"current": None, "models": []}


def test_promote_and_rollback_and_what_was_live_when(store: Store) -> None:
    publish_tiny_release(store, "v1")
    publish_tiny_release(store, "v2", bias=0.5)
    promote_release(store, "v1", "first")
    moment = datetime.now(UTC)
    with start_service(environment(store, TRAIN_TOKEN="secret")) as service:
        assert service.post("/models/v2/promote").status_code == 401
        assert service.post("/models/v2/promote", headers=HEADERS, json={"reason": "by hand"}).json()["version"] == "v2"
        assert service.get("/models", params={"at": moment.isoformat()}).json()["version"] == "v1"
        now = datetime.now(UTC).isoformat()
        assert service.get("/models", params={"at": now}).json()["version"] == "v2"
        assert service.get("/models?at=2020-01-01T00:00:00Z").json()["code"] == "none_live"
        assert service.post("/models/rollback", headers=HEADERS).json()["version"] == "v1"
        assert service.post("/models/none/promote", headers=HEADERS).status_code == 404
        listed = service.get("/models").json()
    assert listed["current"] == "v1"
    assert [model["version"] for model in listed["models"]] == ["v2", "v1"]


def test_the_shell_trains_the_same_way_and_says_what_came_of_it(store: Store, tmp_path: Path) -> None:
    write_dataset(store)
    words = [word for name, value in FAST.items() for word in ("--set", f"{name}={value}")]
    done = run_command("run", "--dataset", "datasets/small.jsonl", *words, environment=environment(store))
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["status"] == "succeeded"
    assert "100%" in done.stderr
    assert read_current(store).current.version == outcome["model_version"]  # type: ignore[union-attr]
    refused = run_command("run", "--set", "epochs=0", environment=environment(store))
    assert refused.returncode == 1
    assert "bad_recipe: epochs" in refused.stderr


def test_no_training_folder_is_left_behind(store: Store, tmp_path: Path) -> None:
    with start_service(environment(store, TMPDIR=str(tmp_path))) as service:
        run_id = service.get("/train").json()["run_id"]
        service.await_run(run_id, {"running"})
        service.delete(f"/runs/{run_id}")
    assert not list(tmp_path.glob("sentiment-train-*"))
    assert not [child for child in psutil.Process().children(recursive=True) if "train-process" in child.cmdline()]
