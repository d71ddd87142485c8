"""Start, cancel and settle runs; called by the web workers and the command line, never by a training process."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from libs.runs.lease import Lease, Process, read_lease, release_lease, request_cancel, take_lease
from libs.runs.record import Run, finish_run, list_runs, new_run, read_run, write_run
from sentiment.errors import PermanentError, RaceLostError, SentimentError
from sentiment.store import Store

logger = logging.getLogger(__name__)

MAIN: Final = Path(__file__).resolve().parents[2] / "main.py"
_END_SECONDS: Final = 5
_WITNESS_SECONDS: Final = 2  # the service that waits for a training process records its end within milliseconds
_SETTLED_RUNS: Final = 50  # only the newest can be unfinished


class Started(NamedTuple):
    """The run that is going on, and whether this very call started it."""

    run: Run
    fresh: bool


def start_run(store: Store, dataset: str, overrides: dict[str, Any], service: Process) -> Started:
    """Start a training process, or return the run that is going on already."""
    run, fresh = claim_run(store, dataset, overrides, service)
    if fresh:
        _spawn(store, run)
    return Started(run, fresh)


def claim_run(store: Store, dataset: str, overrides: dict[str, Any], service: Process | None) -> Started:
    """Take the lease for a new run and write its record, or return the run that holds the lease."""
    while True:
        before = read_lease(store)
        if before.lease.held and before.lease.run_id:
            with suppress(PermanentError):
                return Started(read_run(store, before.lease.run_id), fresh=False)
            time.sleep(0.05)  # the record follows the lease within milliseconds
            continue
        _settle(store, before.lease)
        run = new_run(dataset, overrides)
        with suppress(RaceLostError):
            take_lease(store, before, run.run_id, service)
            write_run(store, run)
            logger.info("queued", extra={"run_id": run.run_id, "overrides": overrides})
            return Started(run, fresh=True)


def cancel_run(store: Store, run_id: str) -> Run:
    """End a run and all its processes; raises ``PermanentError``: ``run_missing``, ``run_finished``."""
    run = current_run(store, run_id)
    lease = None if run.finished else request_cancel(store, run_id)
    if run.finished or lease is None:
        raise PermanentError(f"run {run_id} has ended already: {run.status}", code="run_finished")
    if lease.holder and lease.holder.here:
        _end_holder(lease)
    run = read_run(store, run_id)
    if not run.finished:
        run = finish_run(run, "cancelled", reason="cancelled by request")
        write_run(store, run)
    release_lease(store, run_id)
    return run


def current_run(store: Store, run_id: str) -> Run:
    """Return a run as it is now: one whose process has died unrecorded is marked ``interrupted`` first."""
    run = read_run(store, run_id)
    if run.finished:
        return run
    lease = read_lease(store).lease
    if lease.run_id == run_id and lease.held:
        return run
    deadline = time.monotonic() + _WITNESS_SECONDS
    while True:
        run = read_run(store, run_id)  # it may have ended between the two looks
        if run.finished:
            return run
        if not _has_witness(lease, run_id) or time.monotonic() > deadline:
            return _interrupt(store, run, lease)
        time.sleep(0.05)


def settle_runs(store: Store) -> None:
    """At a service's start: end what an earlier one of this machine left behind, and mark unfinished runs ``interrupted``."""
    lease = read_lease(store).lease
    orphaned = lease.holder is not None and lease.holder.here and lease.service is not None and not lease.service.alive
    if orphaned:
        _end_holder(lease)
    if orphaned or not lease.held:
        _settle(store, lease)
        if lease.run_id:
            release_lease(store, lease.run_id)
    for run in list_runs(store, _SETTLED_RUNS):
        if not run.finished:
            current_run(store, run.run_id)


def _has_witness(lease: Lease, run_id: str) -> bool:
    """Return whether the service that started the run is alive: it waits for the process and records how it ended."""
    return lease.run_id == run_id and lease.service is not None and lease.service.here and lease.service.alive


def _settle(store: Store, lease: Lease) -> None:
    if lease.run_id is None:
        return
    with suppress(PermanentError):
        run = read_run(store, lease.run_id)
        if not run.finished:
            _interrupt(store, run, lease)


def _interrupt(store: Store, run: Run, lease: Lease) -> Run:
    run = finish_run(run, "interrupted", reason="the service or its machine stopped while the run was going on")
    write_run(store, run)
    if lease.run_id == run.run_id:
        release_lease(store, run.run_id)
    logger.warning("interrupted", extra={"run_id": run.run_id})
    return run


def _spawn(store: Store, run: Run) -> None:
    # A session of its own: a signal to the web server's group does not reach it, and its whole group can be ended.
    process = subprocess.Popen(
        [sys.executable, str(MAIN), "train-process", run.run_id], start_new_session=True, stdin=subprocess.DEVNULL
    )
    threading.Thread(target=_await_end, args=(store, run.run_id, process), daemon=True).start()


def _await_end(store: Store, run_id: str, process: subprocess.Popen[bytes]) -> None:
    """Record the end of a process that could not do so itself (killed for its memory, say)."""
    code = process.wait()
    try:
        run, lease = read_run(store, run_id), read_lease(store).lease
        if lease.service is not None and lease.service.here and not lease.service.alive:
            return  # a worker that outlives its service by a moment: the next service ends its training, and says so
        if not run.finished and lease.run_id == run_id:
            write_run(store, _name_end(run, code, cancelled=lease.cancel))
        release_lease(store, run_id)
    except SentimentError as error:
        logger.warning("cannot record a run's end", extra={"run_id": run_id, "error": error.detail})


def _name_end(run: Run, code: int, *, cancelled: bool) -> Run:
    if cancelled:
        return finish_run(run, "cancelled", reason="cancelled by request")
    ended = f"signal {-code}" if code < 0 else f"exit code {code}"
    return finish_run(run, "failed", error=f"the training process ended with {ended}", code="process_ended")


def _end_holder(lease: Lease) -> None:
    """Ask the training process's group to end, then make it."""
    holder = lease.holder
    own = {os.getpid(), lease.service.pid if lease.service else 0}
    if holder is None or not holder.alive or holder.pid in own or os.getpgid(holder.pid) != holder.pid:
        return  # gone, or no group of its own (yet): it sees the mark when it next renews the lease
    with suppress(ProcessLookupError):
        os.killpg(holder.pid, signal.SIGTERM)
        deadline = time.monotonic() + _END_SECONDS
        while holder.alive and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(holder.pid, signal.SIGKILL)
