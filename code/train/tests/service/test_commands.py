"""The command line."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from processes import APP, run_command

from sentiment.store import Store


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"DATASET_URL": "sample"}, "STORE_URL is missing, e.g. STORE_URL=file:///srv/store"),
        ({"STORE_URL": "file:///tmp/x"}, "DATASET_URL is missing, e.g. DATASET_URL=sample"),
        ({"STORE_URL": "ftp://x", "DATASET_URL": "sample"}, "STORE_URL"),
        ({"STORE_URL": "file:///tmp/x", "DATASET_URL": "http://example.org/x.csv"}, "TLS"),
        ({"STORE_URL": "file:///tmp/x", "DATASET_URL": "sample", "HOST": "0.0.0.0"}, "TRAIN_TOKEN"),
        ({"STORE_URL": "file:///tmp/x", "DATASET_URL": "sample", "GATE_TOLERANCE": "lots"}, "GATE_TOLERANCE"),
    ],
)
def test_a_wrong_environment_is_one_line_and_exit_code_2(environment: dict[str, str], named: str) -> None:
    for words in ((), ("run",)):
        done = run_command(*words, environment=environment, seconds=30)
        assert done.returncode == 2
        assert named in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_the_sample_is_written_within_three_seconds_and_without_tensorflow(tmp_path: Path) -> None:
    began = time.monotonic()
    done = run_command(
        "sample", "--training", str(tmp_path / "t.csv.gz"), "--replay", str(tmp_path / "r.csv.gz"), environment={}
    )
    seconds = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    assert "synthetic" in done.stdout
    assert (tmp_path / "t.csv.gz").stat().st_size > 100_000
    assert seconds < 12, "3 s alone on two cores; four times that while other suites run"


@pytest.mark.parametrize(
    "module",
    ["main", "libs.service.commands", "libs.service.server", "libs.network", "libs.evaluation"],
)
def test_importing_loads_no_heavy_library(module: str) -> None:
    import subprocess

    script = f"import sys, {module}; print([m for m in ('tensorflow', 'keras', 'gensim', 'matplotlib', 'sklearn', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=APP, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_check_tries_every_address_and_says_what_to_mend(store: Store, tmp_path: Path) -> None:
    good = {"STORE_URL": store.url, "DATASET_URL": "sample"}
    assert run_command("check", environment=good).returncode == 0
    bad = good | {"DATASET_URL": (tmp_path / "none.csv").as_uri()}
    done = run_command("check", environment=bad)
    assert done.returncode == 1
    assert "none.csv" in done.stdout
    assert "STORE_URL" in done.stdout


def test_help_names_every_command() -> None:
    done = run_command("--help", environment={})
    assert all(word in done.stdout for word in ("run", "promote", "rollback", "check", "models", "sample"))
    assert "train-process" not in done.stdout


def test_a_version_that_is_not_there_is_one_line(store: Store) -> None:
    done = run_command("promote", "none", environment={"STORE_URL": store.url, "DATASET_URL": "sample"})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("bad_version: there is no release 'none'")
