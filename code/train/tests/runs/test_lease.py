"""One run at a time: the lease on a directory and on S3."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from libs.runs import lease as leases
from libs.runs.lease import (
    Lease,
    Process,
    TaggedLease,
    read_lease,
    release_lease,
    renew_lease,
    request_cancel,
    take_lease,
)
from sentiment.errors import RaceLostError
from sentiment.store import Store, open_store


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: object) -> Store:
    if request.param == "s3":
        return open_store(f"s3://{request.getfixturevalue('bucket')}/p")
    return open_store((request.getfixturevalue("tmp_path") / "store").as_uri())


def dead_process() -> Process:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        found = Process.of(process.pid)
        process.communicate(b"\n")
    return found


def write(store: Store, lease: Lease) -> None:
    store.write(leases.LEASE_KEY, lease.model_dump_json().encode())


def test_of_many_takers_one_wins(store: Store) -> None:
    before = read_lease(store)
    won: list[str] = []

    def take(name: str) -> None:
        try:
            take_lease(store, before, name, None)
        except RaceLostError:
            return
        won.append(name)

    threads = [threading.Thread(target=take, args=(f"run-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert read_lease(store).lease.run_id == won[0]


def test_a_lease_is_held_while_its_process_lives_and_free_when_that_died(store: Store) -> None:
    take_lease(store, read_lease(store), "run-1", None)
    assert read_lease(store).lease.held
    write(store, Lease(run_id="run-1", holder=dead_process(), seen_at=datetime.now(UTC)))
    assert not read_lease(store).lease.held


def test_a_later_process_with_the_same_number_is_not_the_holder() -> None:
    me = Process.of(os.getpid())
    assert me.alive
    assert not me.model_copy(update={"started": me.started - 3600}).alive


def test_a_holder_on_another_machine_is_believed_for_a_minute_without_a_beat() -> None:
    elsewhere = Process(host="another-machine", pid=os.getpid(), started=0)
    now = datetime.now(UTC)
    assert Lease(run_id="r", holder=elsewhere, seen_at=now - timedelta(seconds=30)).held
    assert not Lease(run_id="r", holder=elsewhere, seen_at=now - timedelta(seconds=90)).held


def test_a_lease_is_not_renewed_once_the_run_is_cancelled_or_another_has_it(store: Store) -> None:
    take_lease(store, read_lease(store), "run-1", None)
    assert renew_lease(store, "run-1")
    assert not renew_lease(store, "run-2")
    assert request_cancel(store, "run-2") is None
    assert request_cancel(store, "run-1") is not None
    assert not renew_lease(store, "run-1")


def test_only_its_own_run_releases_a_lease(store: Store) -> None:
    take_lease(store, read_lease(store), "run-1", None)
    release_lease(store, "run-2")
    assert read_lease(store).lease.held
    release_lease(store, "run-1")
    assert not read_lease(store).lease.held


def test_a_stale_look_at_the_lease_cannot_take_it(store: Store) -> None:
    take_lease(store, read_lease(store), "run-1", None)
    release_lease(store, "run-1")
    seen = read_lease(store)
    take_lease(store, seen, "run-2", None)
    with pytest.raises(RaceLostError):
        take_lease(store, seen, "run-3", None)
    with pytest.raises(RaceLostError):
        take_lease(store, TaggedLease(seen.lease, None), "run-3", None)
