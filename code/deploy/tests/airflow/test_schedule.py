"""The CronJob's own lines, taken out of the manifest and run against a server that answers as train does."""

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deploy.check_release.manifests import read_manifest
from develop.fixtures.tracked import read

CRON = next(d for d in read_manifest(read("code/train/build/manifest_app.yaml")) if d["kind"] == "CronJob")
CONTAINER = CRON["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
RUN = {"run_id": "r1", "status": "running", "stage": "network", "progress": 0.5, "error": None}


@contextmanager
def serve_answers(answers):
    """Answer ``GET /train`` and then ``/runs/r1`` with one entry of ``answers`` after the other: a run, or a status."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *words):
            pass

        def do_GET(self):
            asked.append((self.path, self.headers["Authorization"]))
            answer = answers.pop(0)
            body = json.dumps(answer if isinstance(answer, dict) else {}).encode()
            self.send_response(200 if isinstance(answer, dict) else answer)
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def call(answers):
    assert CONTAINER["command"][:2] == ["python3", "-c"]
    with serve_answers([{"status_url": "/runs/r1"}, *answers]) as (url, asked):
        given = {"PATH": os.environ["PATH"], "TRAIN_URL": url, "TRAIN_TOKEN": "made-up", "POLL_SECONDS": "0.01"}
        assert set(given) - {"PATH"} == {entry["name"] for entry in CONTAINER["env"]}
        words = [sys.executable, *CONTAINER["command"][1:]]
        return subprocess.run(words, env=given, capture_output=True, text=True, timeout=60, check=False), asked


def test_it_calls_with_the_token_and_follows_the_run_to_its_end():
    ended, asked = call([RUN, RUN | {"status": "succeeded", "progress": 1.0}])
    assert ended.returncode == 0, ended.stderr
    assert asked == [("/train", "Bearer made-up"), ("/runs/r1", "Bearer made-up"), ("/runs/r1", "Bearer made-up")]
    assert json.loads(ended.stdout.splitlines()[-1])["status"] == "succeeded"


@pytest.mark.parametrize("status", ["failed", "cancelled", "interrupted"])
def test_a_run_that_does_not_succeed_fails_the_job(status):
    ended, _ = call([RUN | {"status": status, "error": "the data set is empty" if status == "failed" else None}])
    assert ended.returncode == 1
    assert ("the data set is empty" if status == "failed" else status) in ended.stderr


def test_an_answer_that_is_lost_is_asked_for_again():
    ended, asked = call([503, RUN, 502, RUN | {"status": "succeeded"}])
    assert ended.returncode == 0, ended.stderr
    assert len(asked) == 5


def test_a_train_that_stays_silent_fails_the_job_in_the_end():
    ended, _ = call([503] * 10)
    assert ended.returncode == 1
    assert "train does not answer any more" in ended.stderr


def test_a_wrong_token_fails_the_job_at_once():
    with serve_answers([401]) as (url, asked):
        given = {"PATH": os.environ["PATH"], "TRAIN_URL": url, "TRAIN_TOKEN": "wrong", "POLL_SECONDS": "0.01"}
        words = [sys.executable, *CONTAINER["command"][1:]]
        ended = subprocess.run(words, env=given, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, len(asked)) == (1, 1)


def test_the_schedule_starts_nothing_twice():
    assert CRON["spec"]["concurrencyPolicy"] == "Forbid"
    assert CRON["spec"]["timeZone"] == "Etc/UTC"
    assert CRON["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] >= 3600
