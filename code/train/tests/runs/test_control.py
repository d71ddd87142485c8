"""Runs are claimed, settled after a crash, and refused when another goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from libs.runs import control
from libs.runs.control import cancel_run, claim_run, current_run, settle_runs
from libs.runs.lease import LEASE_KEY, Lease, Process, read_lease
from libs.runs.record import finish_run, list_runs, new_run, read_run, write_run
from sentiment.errors import PermanentError
from sentiment.store import Store


def hold(store: Store, run_id: str, holder: Process, service: Process | None = None) -> None:
    lease = Lease(run_id=run_id, holder=holder, service=service, seen_at=datetime.now(UTC))
    store.write(LEASE_KEY, lease.model_dump_json().encode())


def dead_process() -> Process:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        found = Process.of(process.pid)
        process.communicate(b"\n")
    return found


@pytest.mark.parametrize(("alive", "status"), [(True, "failed"), (False, "queued")])
def test_a_worker_records_how_training_ended_only_while_its_service_lives(
    store: Store, *, alive: bool, status: str
) -> None:
    """Else a restart after SIGKILL, which ends the training left behind, would be told as the training's own failure."""
    service = Process.of(os.getpid()) if alive else dead_process()
    run = claim_run(store, "sample", {}, service).run
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        control._await_end(store, run.run_id, process)
    assert read_run(store, run.run_id).status == status


def test_while_one_run_goes_on_the_same_run_is_answered(store: Store) -> None:
    first = claim_run(store, "sample", {}, None)
    second = claim_run(store, "sample", {"epochs": 1}, None)
    assert first.fresh
    assert not second.fresh
    assert second.run == first.run


def test_a_run_whose_process_died_is_marked_interrupted_and_makes_room(store: Store) -> None:
    run = new_run("sample", {})
    write_run(store, run.model_copy(update={"status": "running"}))
    hold(store, run.run_id, dead_process())
    second = claim_run(store, "sample", {}, None)
    assert second.fresh
    assert second.run.run_id != run.run_id
    assert read_run(store, run.run_id).status == "interrupted"


def test_looking_at_a_run_whose_process_died_settles_it(store: Store) -> None:
    run = new_run("sample", {})
    write_run(store, run)
    assert current_run(store, run.run_id).status == "interrupted"
    assert current_run(store, run.run_id).finished_at is not None


def test_a_restart_ends_what_the_dead_service_left_running(store: Store) -> None:
    run = new_run("sample", {})
    write_run(store, run.model_copy(update={"status": "running"}))
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) as orphan:
        hold(store, run.run_id, Process.of(orphan.pid), service=dead_process())
        settle_runs(store)
        assert orphan.wait(5) != 0
    assert read_run(store, run.run_id).status == "interrupted"
    assert not read_lease(store).lease.held


def test_a_restart_leaves_a_shells_run_and_another_services_run_alone(store: Store) -> None:
    run = new_run("sample", {})
    write_run(store, run.model_copy(update={"status": "running"}))
    me = Process.of(os.getpid())
    for service in (None, me):
        hold(store, run.run_id, me, service)
        settle_runs(store)
        assert read_run(store, run.run_id).status == "running"
        assert read_lease(store).lease.held


def test_cancelling_ends_the_whole_group_of_processes(store: Store) -> None:
    run = new_run("sample", {})
    write_run(store, run.model_copy(update={"status": "running"}))
    script = (
        "import subprocess, sys; subprocess.Popen(['sleep', '60']); sys.stdout.write('up'); sys.stdout.flush(); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(2) == b"up"
        hold(store, run.run_id, Process.of(process.pid))
        ended = cancel_run(store, run.run_id)
        assert process.wait(5) != 0
        assert process.stdout.read() == b""  # the grandchild held this pipe open: it is gone as well
    assert ended.status == "cancelled"
    assert not read_lease(store).lease.held


def test_a_run_that_has_ended_cannot_be_cancelled(store: Store) -> None:
    run = finish_run(new_run("sample", {}), "succeeded")
    write_run(store, run)
    with pytest.raises(PermanentError) as caught:
        cancel_run(store, run.run_id)
    assert caught.value.code == "run_finished"
    assert read_run(store, run.run_id) == run


def test_runs_are_listed_newest_first_and_a_damaged_record_hides_only_itself(store: Store) -> None:
    names = [f"20260101T00000{n}Z-aaaaaa" for n in range(4)]
    for name in names:
        write_run(store, new_run("sample", {}).model_copy(update={"run_id": name}))
    store.write(f"runs/{names[1]}.json", b"not a run")
    assert [run.run_id for run in list_runs(store, 10)] == [names[3], names[2], names[0]]
    assert [run.run_id for run in list_runs(store, 1)] == [names[3]]
    with pytest.raises(PermanentError) as caught:
        read_run(store, "never-was")
    assert caught.value.code == "run_missing"
