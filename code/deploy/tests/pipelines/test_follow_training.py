"""The training job starts a run, follows it whatever happens meanwhile, and its exit code is the run's fate."""

import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from deploy.pipelines.calls import NoAnswerError
from deploy.pipelines.failure import JobFailedError
from deploy.pipelines.follow_training import Training, read_overrides
from develop.fixtures.http_answers import answering

CODE = Path(__file__).resolve().parents[3]
ACCEPTED = (202, {"run_id": "r1", "status": "queued", "status_url": "/runs/r1"})


def run(status, **more):
    return (200, {"run_id": "r1", "status": status, "stage": "network", "progress": 0.5, **more})


def follow(server, overrides=None, *, token="", longest=600):
    training = Training(lambda: nullcontext(server.url), token, sleep=lambda seconds: None)
    return training.follow(training.start(overrides or {}), longest)


def test_a_run_without_overrides_is_a_get_and_its_end_is_returned():
    with answering(
        {"GET /train": ACCEPTED, "GET /runs/r1": [run("queued"), run("running"), run("succeeded")]}
    ) as server:
        assert follow(server, token="secret")["status"] == "succeeded"
        assert [question for question, _, _ in server.asked] == ["GET /train", *["GET /runs/r1"] * 3]
        assert {headers["Authorization"] for _, _, headers in server.asked} == {"Bearer secret"}


def test_overrides_are_posted():
    with answering({"POST /train": ACCEPTED, "GET /runs/r1": run("succeeded")}) as server:
        follow(server, {"epochs": 2})
        assert server.asked[0][:2] == ("POST /train", {"epochs": 2})


@pytest.mark.parametrize("status", ["failed", "cancelled", "interrupted"])
def test_every_end_is_an_end(status):
    with answering({"GET /train": ACCEPTED, "GET /runs/r1": run(status, error="no rows")}) as server:
        assert follow(server)["status"] == status


def test_an_outage_of_the_service_does_not_lose_the_run():
    answers = [run("running"), (None, None), (503, "no upstream"), (502, ""), run("succeeded")]
    with answering({"GET /train": ACCEPTED, "GET /runs/r1": answers}) as server:
        assert follow(server)["status"] == "succeeded"


def test_a_service_that_stays_silent_is_given_up():
    with (
        answering({"GET /train": ACCEPTED, "GET /runs/r1": (503, "down")}) as server,
        pytest.raises(JobFailedError, match="has been silent for 30"),
    ):
        follow(server)


def test_a_run_that_takes_too_long_is_left_alone_and_named():
    with (
        answering({"GET /train": ACCEPTED, "GET /runs/r1": run("running")}) as server,
        pytest.raises(JobFailedError, match="not finished after 60 s; it goes on: /runs/r1"),
    ):
        follow(server, longest=60)


@pytest.mark.parametrize("answer", [(401, {"code": "unauthorized"}), (422, {"code": "bad_recipe"}), (200, "hello")])
def test_a_refusal_is_passed_on(answer):
    with answering({"GET /train": answer}) as server, pytest.raises(JobFailedError, match=f"answered with {answer[0]}"):
        follow(server)


def test_a_run_that_is_forgotten_is_a_failure():
    with (
        answering({"GET /train": ACCEPTED, "GET /runs/r1": (404, {"code": "run_missing"})}) as server,
        pytest.raises(JobFailedError, match="run_missing"),
    ):
        follow(server)


def test_nobody_there_is_a_failure():
    training = Training(lambda: nullcontext("http://127.0.0.1:9"), "", sleep=lambda seconds: None)
    with pytest.raises(NoAnswerError):
        training.start({})


@pytest.mark.parametrize("text", ["{", "[1]", "5", '"epochs"'])
def test_overrides_that_are_no_object_are_refused(text):
    with pytest.raises(JobFailedError, match="TRAIN_OVERRIDES"):
        read_overrides(text)


def test_no_overrides_are_none():
    assert read_overrides("") == read_overrides("{}") == {}


def start_job(server, folder, **environment):
    words = [sys.executable, "-m", "deploy.pipelines.follow_training"]
    given = {"TRAIN_URL": server.url, "PYTHONPATH": str(CODE), "PATH": "/usr/bin:/bin", **environment}
    return subprocess.run(words, env=given, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_the_job_succeeds_with_the_run_and_keeps_its_record(tmp_path):
    end = run("succeeded", promoted=False, reason="no better", model_version="v7", metrics={"accuracy": 0.8})
    with answering({"POST /train": ACCEPTED, "GET /runs/r1": end}) as server:
        job = start_job(server, tmp_path, TRAIN_OVERRIDES='{"epochs": 2}')
    assert job.returncode == 0, job.stderr
    assert "release v7: not promoted (no better)" in job.stdout
    assert json.loads((tmp_path / "run.json").read_text())["metrics"] == {"accuracy": 0.8}


def test_the_job_fails_with_the_run_and_says_why(tmp_path):
    with answering({"GET /train": ACCEPTED, "GET /runs/r1": run("failed", error="the data set is empty")}) as server:
        job = start_job(server, tmp_path)
    assert job.returncode == 1
    assert "failed: the data set is empty" in job.stderr
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "failed"


def test_the_job_refuses_overrides_before_it_asks_anybody(tmp_path):
    with answering({}) as server:
        job = start_job(server, tmp_path, TRAIN_OVERRIDES="epochs=2")
        assert server.asked == []
    assert job.returncode == 1
    assert "TRAIN_OVERRIDES is not JSON" in job.stderr
