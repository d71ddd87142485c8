"""Backfill: archives of every format, resumed, on several workers, one of them killed in mid-work."""

from __future__ import annotations

import gzip
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from makers import OLD, batch_of, make_result
from processes import APP, base_environment, local_environment, run_command, write_tweets

from develop.fixtures.aws_server import aws_environment
from develop.simulators.serve import ServeSimulator
from libs.backfill.archive import list_files
from libs.backfill.ledger import Ledger
from libs.results import open_results
from libs.service.settings import BackfillSettings
from libs.values.result import Result
from sentiment.service.settings import read_settings

if importlib.util.find_spec("distributed") is None or importlib.util.find_spec("pyarrow") is None:
    pytest.skip("backfill's optional packages are missing: build/requirements-backfill.txt", allow_module_level=True)


@pytest.fixture
def environment(tmp_path: Path, serve: ServeSimulator) -> dict[str, str]:
    return local_environment(tmp_path, serve.url, "")


@pytest.fixture
def settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> BackfillSettings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return read_settings(BackfillSettings)


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
    second = run_command(environment, "backfill", "--from", str(folder))
    assert "0 rows, 0 stored, 0 dead letters, 0 skipped, 2 files done before" in second.stdout
    assert serve.calls["200"] - calls <= 1, "languages are asked for, no text is scored twice"
    again = run_command(environment, "backfill", "--from", str(folder), "--again")
    assert "4,502 rows" in again.stdout
    assert len(stored(environment, [*map(str, range(4500)), "900001"])) == 4501


@pytest.mark.timeout(240)
def test_killed_half_way_it_goes_on_where_it_was(
    tmp_path: Path, environment: dict[str, str], serve: ServeSimulator
) -> None:
    serve.delay_seconds = 0.3  # so that the kill comes between two groups however busy the machine is
    write_tweets(tmp_path / "a.csv", 16_000)
    command = [sys.executable, "main.py", "backfill", "--from", str(tmp_path / "a.csv")]
    with (tmp_path / "first.log").open("wb") as log:
        first = subprocess.Popen(
            command, cwd=APP, env={**base_environment(), **environment}, stdout=log, stderr=log, start_new_session=True
        )
    results = open_results(environment["RESULTS_URL"])
    results.prepare()
    (file,) = list_files(str(tmp_path / "a.csv"))
    ledger = Ledger(results, str(tmp_path / "a.csv"), "", again=False)
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and ledger.read(file.name)[0] == 0:
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait(10)
    noted, finished = ledger.read(file.name)
    assert 0 < noted < 16_000, "killed half-way"
    assert not finished
    results.close()
    serve.delay_seconds = 0.0
    done = run_command(environment, "backfill", "--from", str(tmp_path / "a.csv"))
    assert done.returncode == 0, done.stderr
    rows = int(done.stdout.split(" rows")[0].replace(",", ""))
    assert rows == 16_000 - noted, "what was done and noted is passed over"
    assert len(stored(environment, list(map(str, range(16_000))))) == 16_000


@pytest.mark.timeout(240)
def test_a_file_that_holds_no_posts_costs_its_neighbours_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "a.csv").write_text("colour,size\nred,3\n")
    (folder / "b.csv").touch()
    write_tweets(folder / "c.csv", 3)
    done = run_command(environment, "backfill", "--from", str(folder))
    assert done.returncode == 0, done.stderr
    assert "3 rows, 3 stored" in done.stdout
    assert "2 files unreadable" in done.stdout
    assert "a.csv: no column" in done.stderr


@pytest.mark.timeout(240)
def test_a_worker_killed_in_mid_work_loses_nothing(
    tmp_path: Path,
    settings: BackfillSettings,
    environment: dict[str, str],
    serve: ServeSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Run by hand what the command does, on a cluster whose workers can be seen and shot."""
    import json

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
    """Also those in a language that is no longer scored, and without end when serve refuses one of them."""
    results = open_results(environment["RESULTS_URL"])
    results.prepare()
    old = [make_result(str(number), model_version=OLD, lang="pt" if number % 3 else "en") for number in range(30)]
    results.store(batch_of(*old, make_result("refused", twitter_raw="x" * 10_001)))
    serve.version = "20270101T000000Z-cccccc"
    done = run_command(environment, "backfill", "--from", "results")
    assert done.returncode == 0, done.stderr
    assert "31 rows, 30 stored, 1 dead letters, 0 skipped" in done.stdout
    found = results.read_by_id([*map(str, range(30)), "refused"])
    assert {found[str(number)].model_version for number in range(30)} == {serve.version}
    assert found["refused"].model_version == OLD
    results.close()


@pytest.mark.timeout(240)
def test_what_stands_behind_the_place_says_how_to_read_its_files(tmp_path: Path, environment: dict[str, str]) -> None:
    from pyarrow import Table, parquet

    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "a.csv").write_bytes(b"nr;text;words\n1;no;caf\xe9\n2;no;yes\n")
    parquet.write_table(Table.from_pylist([{"nr": "3", "text": "no", "words": "fine"}]), folder / "b.parquet")
    done = run_command(environment, "backfill", "--from", f"{folder}#text=words&id=nr&encoding=latin-1")
    assert done.returncode == 0, done.stderr
    results = open_results(environment["RESULTS_URL"])
    found = results.read_by_id(["1", "2", "3"])
    results.close()
    assert {post: result.twitter_raw for post, result in found.items()} == {"1": "café", "2": "yes", "3": "fine"}
    refused = run_command(environment, "backfill", "--from", f"{folder}#colour=red")
    assert refused.returncode == 2
    assert "only date, encoding, id" in refused.stderr


def test_a_place_that_is_none_is_refused_with_an_example(environment: dict[str, str]) -> None:
    done = run_command(environment, "backfill", "--from", "/nowhere/at/all")
    assert done.returncode == 2
    assert "--from names nothing" in done.stderr


@pytest.mark.timeout(240)
def test_it_goes_from_one_s3_prefix_to_another(
    aws_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    import boto3
    from pyarrow import parquet

    for name, value in aws_environment(aws_url).items():
        monkeypatch.setenv(name, value)
    bucket = f"archive-{uuid4().hex}"
    client = boto3.client("s3")
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for number, key in enumerate(("year/a.csv", "year/more/b.csv.gz", "other/c.csv")):
        write_tweets(tmp_path / "part.csv", 3, start=3 * number)
        data = (tmp_path / "part.csv").read_bytes()
        client.put_object(Bucket=bucket, Key=key, Body=gzip.compress(data) if key.endswith(".gz") else data)
    command = ("backfill", "--from", f"s3://{bucket}/year/", "--to", f"s3://{bucket}/scored")
    done = run_command(environment, *command)
    assert done.returncode == 0, done.stderr
    assert "6 rows, 6 stored" in done.stdout
    keys = [row["Key"] for row in client.list_objects_v2(Bucket=bucket, Prefix="scored/part-")["Contents"]]
    rows = []
    for key in keys:
        client.download_file(bucket, key, str(tmp_path / "scored.parquet"))
        rows += parquet.read_table(tmp_path / "scored.parquet").to_pylist()
    assert sorted(row["id"] for row in rows) == [str(number) for number in range(6)]
    assert set(rows[0]) == set(Result._fields)
    assert "2 files done before" in run_command(environment, *command).stdout


def test_a_target_that_cannot_be_written_is_refused_before_anything_is_scored(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    write_tweets(tmp_path / "a.csv", 3)
    done = run_command(environment, "backfill", "--from", str(tmp_path / "a.csv"), "--to", "/proc/nowhere")
    assert done.returncode == 2
    assert "--to cannot be written" in done.stderr
