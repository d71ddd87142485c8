"""The app as a process: killed, stopped, misconfigured, and without what it depends on."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from processes import App, local_environment, run_app, run_command, write_tweets

from develop.fixtures.aws_server import aws_environment
from develop.fixtures.ports import find_free_port
from develop.simulators.serve import ServeSimulator
from libs.results import open_results

DATA = Path(os.environ.get("SENTIMENT_DATA_DIR", Path(__file__).parents[5] / "shared" / "data"))


def stored_ids(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "results.db") as database:
        rows = database.execute("SELECT id FROM twitter_sentiment").fetchall()
    database.close()
    return [row[0] for row in rows]


def finished(progress: dict[str, object]) -> bool:
    return bool(progress["finished"])


@pytest.mark.parametrize("kill", [App.kill, App.kill_first], ids=["the whole group", "the first process"])
def test_killed_in_mid_replay_and_started_again_every_post_is_stored_once(
    tmp_path: Path, serve: ServeSimulator, kill: Callable[[App], None]
) -> None:
    serve.delay_seconds = 0.05
    url = write_tweets(tmp_path / "tweets.csv", 6000)
    environment = local_environment(tmp_path, serve.url, url)
    for target in (500, 2500, 4500):
        with run_app(environment, tmp_path) as app:
            app.wait_until("/api/progress", lambda progress, target=target: progress["stored"] >= target)
            kill(app)
    with run_app(environment, tmp_path) as app:
        progress = app.wait_until("/api/progress", finished)
    assert (progress["read"], progress["stored"], progress["dead_letters"]) == (6000, 6000, 0)
    assert sorted(stored_ids(tmp_path), key=int) == [str(number) for number in range(6000)]


def test_killed_in_mid_replay_on_aws_every_post_is_stored_once(
    tmp_path: Path, serve: ServeSimulator, aws_url: str
) -> None:
    url = write_tweets(tmp_path / "tweets.csv", 1500)
    name = f"killed_{uuid4().hex[:8]}"
    environment = {
        **local_environment(tmp_path, serve.url, url), **aws_environment(aws_url),
        "RESULTS_URL": f"dynamodb://{name}", "SPOOL_URL": f"sqs://{name}",
    }  # fmt: skip
    with run_app(environment, tmp_path) as app:
        app.wait_until("/api/progress", lambda progress: progress["stored"] >= 100)
        app.kill()
    with run_app(environment, tmp_path) as app:
        # What the dead worker held comes back when its time is over.
        progress = app.wait_until("/api/progress", lambda progress: progress["stored"] == 1500, seconds=150)
    assert progress["dead_letters"] == 0


def test_ingest_and_analyze_can_be_two_processes_on_one_spool(tmp_path: Path, serve: ServeSimulator) -> None:
    environment = local_environment(tmp_path, serve.url, write_tweets(tmp_path / "tweets.csv", 700))
    with run_app(environment, tmp_path, "ingest") as ingest:
        ingest.wait_until("/api/progress", lambda progress: progress["read"] == 700 and progress["spooled"] == 700)
        with run_app({**environment, "SOURCE_URL": ""}, tmp_path, "analyze") as analyze:
            analyze.wait_until("/api/progress", lambda progress: progress["stored"] == 700 and not progress["spooled"])
            assert analyze.get("/ready") == {"ready": True, "reasons": [], "role": "analyze"}


def test_sigterm_ends_it_within_a_second_also_while_it_waits(tmp_path: Path) -> None:
    """Serve is down and the replay slow: both loops are in the middle of a wait."""
    url = write_tweets(tmp_path / "tweets.csv", 100)
    environment = local_environment(tmp_path, f"http://127.0.0.1:{find_free_port()}", f"{url}?rate=1")
    with run_app(environment, tmp_path) as app:
        app.wait_until("/ready", lambda ready: not ready["ready"])
        assert app.stop() < 1.0
        assert app.process.returncode == 0


def test_a_serve_that_is_down_is_told_and_waited_for_and_nothing_is_lost(tmp_path: Path) -> None:
    port = find_free_port()
    environment = local_environment(tmp_path, f"http://127.0.0.1:{port}", write_tweets(tmp_path / "tweets.csv", 300))
    with run_app(environment, tmp_path) as app:
        answer = app.wait_until("/ready", lambda ready: not ready["ready"])
        assert "predict: " in answer["reasons"][0]
        assert requests.get(f"{app.url}/ready", timeout=5).status_code == 503
        app.wait_until("/api/progress", lambda progress: progress["spooled"] == 300)
        simulator = ServeSimulator(port)
        app.wait_until("/api/progress", lambda progress: progress["stored"] == 300)
        simulator.close()


def test_a_results_store_that_is_down_at_the_start_is_waited_for(tmp_path: Path, serve: ServeSimulator) -> None:
    (tmp_path / "later").write_text("a file where the folder should be")
    environment = local_environment(tmp_path, serve.url, write_tweets(tmp_path / "tweets.csv", 50))
    environment["RESULTS_URL"] = f"sqlite:///{tmp_path}/later/results.db"
    with run_app(environment, tmp_path) as app:
        app.wait_until("/ready", lambda ready: not ready["ready"])
        problem = requests.get(f"{app.url}/api/summary", timeout=10)
        assert (problem.status_code, problem.json()["code"]) == (503, "results_down")
        assert int(problem.headers["Retry-After"]) >= 1
        (tmp_path / "later").unlink()
        app.wait_until("/api/progress", lambda progress: progress.get("stored") == 50)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SPOOL_URL": ""}, "SPOOL_URL is missing, e.g. SPOOL_URL="),
        ({"RESULTS_URL": ""}, "RESULTS_URL is missing, e.g. RESULTS_URL="),
        ({"SOURCE_URL": ""}, "SOURCE_URL is missing, e.g. SOURCE_URL="),
        ({"PREDICT_URL": ""}, "PREDICT_URL is missing, e.g. PREDICT_URL="),
        ({"PREDICT_URL": "ftp://x"}, "PREDICT_URL is malformed"),
        ({"RESULTS_URL": "mongodb://secret@x/y"}, "RESULTS_URL names no results store; valid: sqlite:"),
        ({"SPOOL_URL": "redis://x"}, "SPOOL_URL names no spool; valid: file:"),
        ({"SOURCE_URL": "kafka://x"}, "SOURCE_URL names no source; valid: file:"),
        (
            {"SOURCE_URL": "file:///nowhere/tweets.csv"},
            "SOURCE_URL names the file /nowhere/tweets.csv, which is not there",
        ),
        ({"SOURCE_URL": "ws://example.com/subscribe"}, "loopback only"),
        ({"SOURCE_URL": "x://api.x.com"}, "X_BEARER_TOKEN is missing, e.g."),
        ({"SOURCE_URL": "x://api.x.com", "X_BEARER_TOKEN": "t"}, "TRACK is missing"),
        ({"TRACK": "a=from:b"}, "only X understands"),
        ({"HOST": "0.0.0.0"}, "STREAM_TOKEN is missing"),
        ({"PREDICT_BATCH": "many"}, "PREDICT_BATCH is malformed"),
        ({"ALERT_WEBHOOK_URL": "http://example.com/hook"}, "ALERT_WEBHOOK_URL is malformed"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it_and_exit_code_2(
    tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    environment = local_environment(tmp_path, "http://127.0.0.1:1", write_tweets(tmp_path / "tweets.csv", 1))
    done = run_command({**environment, **changes})
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "secret" not in done.stderr


def test_check_tries_every_address_and_says_what_to_mend(tmp_path: Path, serve: ServeSimulator) -> None:
    environment = local_environment(tmp_path, serve.url, write_tweets(tmp_path / "tweets.csv", 1))
    good = run_command(environment, "check")
    assert (good.returncode, good.stdout.count("✓")) == (0, 4)
    bad = run_command({**environment, "PREDICT_URL": "http://127.0.0.1:1"}, "check")
    assert bad.returncode == 1
    assert "✗ PREDICT_URL" in bad.stdout
    assert "→ start serve" in bad.stdout


def test_the_summary_compares_results_with_the_files_labels(tmp_path: Path, serve: ServeSimulator) -> None:
    url = write_tweets(tmp_path / "tweets.csv", 400)
    environment = local_environment(tmp_path, serve.url, url)
    with run_app(environment, tmp_path) as app:
        app.wait_until("/api/progress", finished)
    done = run_command({**environment, "SOURCE_URL": "", "PREDICT_URL": ""}, "summary", "--json", "--labels", url)
    found = json.loads(done.stdout)
    stored = open_results(environment["RESULTS_URL"]).read_by_id([str(number) for number in range(400)])
    right = sum((result.score >= 0.5) == (int(result.id) % 2 == 1) for result in stored.values())
    assert found == {
        "replayed": 400,
        "dead_letters": 0,
        "model_version": serve.version,
        "stored": 400,
        "accuracy": round(right / 400, 4),
    }


def test_two_thousand_posts_a_second_do_not_hold_up_the_page(tmp_path: Path, serve: ServeSimulator) -> None:
    path = DATA / "sentiment140_replay.csv.gz"
    if not path.is_file():
        pytest.skip(f"{path} is not here: set SENTIMENT_DATA_DIR to run on real data")
    with run_app(local_environment(tmp_path, serve.url, path.as_uri()), tmp_path) as app:
        app.wait_until("/api/progress", lambda progress: progress["stored"] > 1000)
        started = time.monotonic()
        assert app.get("/health")["status"] == "ok"
        assert time.monotonic() - started < 2
        app.wait_until("/api/progress", finished)
        assert len(stored_ids(tmp_path)) == 35_387
