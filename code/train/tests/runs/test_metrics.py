"""What a scrape says of the runs: the same from every worker, after a restart, and for runs of the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from develop.fixtures.aws_server import aws_environment
from libs.runs.control import claim_run
from libs.runs.record import Run, write_run
from libs.service.metrics import DESCRIBED, RunsCollector
from sentiment.service.http.metrics import render_metrics
from sentiment.store import Store, open_store

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)


def record(store: Store, day: int, status: str, **fields: Any) -> None:
    started = EPOCH + timedelta(days=day)
    run = Run(
        run_id=f"{started:%Y%m%dT%H%M%SZ}-aaaaaa",
        status=status,  # type: ignore[arg-type]
        requested_at=started,
        started_at=started,
        finished_at=started + timedelta(minutes=12),
        **fields,
    )
    write_run(store, run)


def scrape(collector: RunsCollector) -> dict[str, float]:
    """Return the samples as Prometheus reads them."""
    text = render_metrics(collector)[0].decode()
    lines = [line for line in text.splitlines() if line.startswith("train_") and "started_total" not in line]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_store_without_runs_says_so_and_no_more(store: Store) -> None:
    found = scrape(RunsCollector(store))
    del found["train_runs_started_created"]
    assert found == {"train_store_readable": 1, "train_run_active": 0, "train_failed_runs_in_a_row": 0}


def test_the_newest_runs_are_told_by_how_they_ended(store: Store) -> None:
    record(store, 0, "failed")
    record(store, 1, "succeeded", promoted=True, progress=1.0, metrics={"accuracy": 0.81, "note": "words"})
    record(store, 2, "succeeded", progress=1.0, metrics={"accuracy": 0.84, "macro_recall": 0.83})
    record(store, 3, "failed")
    record(store, 4, "cancelled")
    record(store, 5, "interrupted", progress=0.4)
    found = scrape(RunsCollector(store))
    ended = 'train_last_run_finished_timestamp_seconds{status="%s"}'
    for status, day in (("succeeded", 2), ("failed", 3), ("cancelled", 4), ("interrupted", 5)):
        assert found[ended % status] == (EPOCH + timedelta(days=day, minutes=12)).timestamp()
    assert found["train_failed_runs_in_a_row"] == 2, "a run that somebody cancelled has not failed"
    assert found["train_last_success_promoted"] == 0
    assert found["train_last_run_seconds"] == 720
    assert found["train_run_progress_ratio"] == 0.4
    assert found['train_last_success_quality{measure="accuracy"}'] == 0.84
    assert found['train_last_success_quality{measure="macro_recall"}'] == 0.83


def test_a_run_that_goes_on_is_active_and_one_that_ended_is_read_once(store: Store) -> None:
    record(store, 0, "succeeded", promoted=True, progress=1.0)
    collector = RunsCollector(store)
    assert scrape(collector)["train_run_active"] == 0
    (key,) = store.list_keys("runs/")
    store.write(key, b"{}")  # who reads it again finds no run
    claim_run(store, "sample", {}, None)
    found = scrape(collector)
    assert found["train_run_active"] == 1
    assert found["train_run_progress_ratio"] == 0
    assert found["train_last_success_promoted"] == 1


def test_a_store_that_is_down_costs_the_samples_and_not_the_scrape(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws_environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    found = scrape(RunsCollector(open_store("s3://bucket/prefix")))
    assert found["train_store_readable"] == 0
    assert "train_run_active" not in found


def test_what_is_described_is_what_is_said(store: Store) -> None:
    """The alerts' and the dashboard's tests look names up in DESCRIBED."""
    record(store, 0, "succeeded", promoted=True, progress=1.0, metrics={"accuracy": 0.8})
    said = {
        family.name: {label for sample in family.samples for label in sample.labels}
        for family in RunsCollector(store).collect()
    }
    assert said == {described.name: set(described.labels) for described in DESCRIBED}
