"""Backfill: archives of every format, resumed, on several workers, one of them killed in mid-work."""

from __future__ import annotations

import importlib.util
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from fixtures.aws_server import aws_environment
from makers import OLD, batch_of, make_result
from processes import base_environment, local_environment, run_command, write_tweets

from libs.backfill import archive
from libs.results import open_results
from libs.settings import read_stream_settings

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.serve import ServeSimulator

    from libs.settings import StreamSettings

if importlib.util.find_spec("distributed") is None or importlib.util.find_spec("pyarrow") is None:
    pytest.skip("backfill's optional packages are missing: build/requirements-backfill.txt", allow_module_level=True)


@pytest.fixture
def environment(tmp_path: Path, serve: ServeSimulator) -> dict[str, str]:
    return local_environment(tmp_path, serve.url, "")


@pytest.fixture
def settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> StreamSettings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return read_stream_settings("backfill")


def stored(environment: dict[str, str], ids: list[str]) -> set[str]:
    results = open_results(environment["RESULTS_URL"])
    try:
        return set(results.read_by_id(ids))
    finally:
        results.close()


@pytest.mark.timeout(240)
def test_an_archive_is_scored_on_all_cores_and_a_second_run_has_nothing_to_do(
    tmp_path: Path, environment: dict[str, str], serve: ServeSimulator
) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    write_tweets(folder / "a.csv", 4500)
    (folder / "b.ndjson").write_text('{"id": 900001, "text": "fine"}\nnot json\n')
    done = run_command(environment, "backfill", "--from", str(folder))
    assert done.returncode == 0, done.stderr
    assert "4,502 rows, 4,501 stored, 1 dead letters, 0 skipped" in done.stdout
    assert len(stored(environment, [*map(str, range(4500)), "900001"])) == 4501
    calls = serve.calls["200"]
    again = run_command(environment, "backfill", "--from", str(folder))
    assert "0 rows, 0 stored" in again.stdout
    assert serve.calls["200"] - calls <= 1, "languages are asked for, no text is scored twice"


@pytest.mark.timeout(240)
def test_a_worker_killed_in_mid_work_loses_nothing(
    tmp_path: Path,
    settings: StreamSettings,
    environment: dict[str, str],
    serve: ServeSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Run by hand what the command does, on a cluster whose workers can be seen and shot."""
    import json
    import subprocess
    import sys

    serve.delay_seconds = 0.1
    write_tweets(tmp_path / "a.csv", 12_000)
    script = (
        "import sys, json\n"
        "from distributed import Client, LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    cluster = LocalCluster(n_workers=2, threads_per_worker=1, host='127.0.0.1', dashboard_address=None)\n"
        "    pids = Client(cluster).run(__import__('os').getpid)\n"
        "    print(json.dumps({'address': cluster.scheduler_address, 'pids': list(pids.values())}), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    (tmp_path / "cluster.py").write_text(script)
    paths = {**base_environment(), "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, tmp_path / "cluster.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=paths
    ) as cluster:
        assert cluster.stdout is not None
        found = json.loads(cluster.stdout.readline())
        assert len(found["pids"]) == 2
        done: list[Any] = []
        command = ("backfill", "--from", str(tmp_path / "a.csv"))
        run = threading.Thread(
            target=lambda: done.append(
                run_command({**environment, "DASK_SCHEDULER_ADDRESS": found["address"]}, *command)
            )
        )
        run.start()
        deadline = time.monotonic() + 60
        while serve.calls["200"] < 8 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(found["pids"][0], signal.SIGKILL)
        run.join(150)
        cluster.terminate()
    assert done[0].returncode == 0, done[0].stderr
    assert "12,000 rows, 12,000 stored" in done[0].stdout
    assert len(stored(environment, list(map(str, range(12_000))))) == 12_000


@pytest.mark.timeout(240)
def test_parquet_is_read_and_written(tmp_path: Path, environment: dict[str, str]) -> None:
    from pyarrow import Table, parquet

    rows = [
        {"id": str(number), "text": f"row {number}", "created_at": "2026-03-01T12:00:00Z"} for number in range(2500)
    ]
    parquet.write_table(
        Table.from_pylist([*rows, {"id": "x", "text": None, "created_at": None}]), tmp_path / "a.parquet"
    )
    done = run_command(environment, "backfill", "--from", str(tmp_path / "a.parquet"), "--to", str(tmp_path / "scored"))
    assert done.returncode == 0, done.stderr
    scored = [
        row
        for part in sorted((tmp_path / "scored").glob("part-*.parquet"))
        for row in parquet.read_table(part).to_pylist()
    ]
    dead = [
        row for part in (tmp_path / "scored").glob("dead-*.parquet") for row in parquet.read_table(part).to_pylist()
    ]
    assert sorted(row["id"] for row in scored) == sorted(row["id"] for row in rows)
    assert [row["reason"] for row in dead] == ["no_text"]


@pytest.mark.timeout(240)
def test_results_of_an_older_model_are_scored_again_by_the_current_one(
    environment: dict[str, str], serve: ServeSimulator
) -> None:
    results = open_results(environment["RESULTS_URL"])
    results.prepare()
    results.store(batch_of(*(make_result(str(number), model_version=OLD) for number in range(30))))
    serve.version = "20270101T000000Z-cccccc"
    done = run_command(environment, "backfill", "--from", "results")
    assert done.returncode == 0, done.stderr
    assert {result.model_version for result in results.read_by_id(list(map(str, range(30)))).values()} == {
        serve.version
    }
    results.close()


def test_a_place_that_is_none_is_refused_with_an_example(environment: dict[str, str]) -> None:
    done = run_command(environment, "backfill", "--from", "/nowhere/at/all")
    assert done.returncode == 2
    assert "--from names nothing" in done.stderr


def test_files_under_an_s3_prefix_are_fetched_one_by_one(
    aws_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    for name, value in aws_environment(aws_url).items():
        monkeypatch.setenv(name, value)
    bucket = f"archive-{uuid4().hex}"
    client = boto3.client("s3")
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    write_tweets(tmp_path / "a.csv", 3)
    client.upload_file(str(tmp_path / "a.csv"), bucket, "year/a.csv")
    (found,) = [
        (name, [group.rows for group in archive.read_groups(name, path)])
        for name, path in archive.list_files(f"s3://{bucket}/year")
    ]
    assert found == ("year/a.csv", [3])
