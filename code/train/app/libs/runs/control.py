"""Start, cancel, and settle runs: what the web workers and the shell do, never what a training process does."""

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

from libs.runs.lock import Lock, Process, ask_to_cancel, free_lock, read_lock, take_lock
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
    """Take the lock for a new run and write its record, or return the run that holds the lock."""
    while True:
        before = read_lock(store)
        if before.lock.held and before.lock.run_id:
            with suppress(PermanentError):
                return Started(read_run(store, before.lock.run_id), fresh=False)
            time.sleep(0.05)  # the record follows the lock within milliseconds
            continue
        _settle(store, before.lock)
        run = new_run(dataset, overrides)
        with suppress(RaceLostError):
            take_lock(store, before, run.run_id, service)
            write_run(store, run)
            logger.info("queued", extra={"run_id": run.run_id, "overrides": overrides})
            return Started(run, fresh=True)


def cancel_run(store: Store, run_id: str) -> Run:
    """End a run and all its processes; raises ``PermanentError``: ``run_missing``, ``run_finished``."""
    run = current_run(store, run_id)
    lock = None if run.finished else ask_to_cancel(store, run_id)
    if run.finished or lock is None:
        raise PermanentError(f"run {run_id} has ended already: {run.status}", code="run_finished")
    if lock.holder and lock.holder.here:
        _end_holder(lock)
    run = read_run(store, run_id)
    if not run.finished:
        run = finish_run(run, "cancelled", reason="cancelled by request")
        write_run(store, run)
    free_lock(store, run_id)
    return run


def current_run(store: Store, run_id: str) -> Run:
    """Return a run as it is now: one whose process is gone, with nobody to say how, is marked ``interrupted`` first."""
    run = read_run(store, run_id)
    if run.finished:
        return run
    lock = read_lock(store).lock
    if lock.run_id == run_id and lock.held:
        return run
    deadline = time.monotonic() + _WITNESS_SECONDS
    while True:
        run = read_run(store, run_id)  # it may have ended between the two looks
        if run.finished:
            return run
        if not _has_witness(lock, run_id) or time.monotonic() > deadline:
            return _interrupt(store, run, lock)
        time.sleep(0.05)


def settle_runs(store: Store) -> None:
    """At a service's start: end what an earlier one of this machine left behind, and mark unfinished runs ``interrupted``."""
    lock = read_lock(store).lock
    orphaned = lock.holder is not None and lock.holder.here and lock.service is not None and not lock.service.alive
    if orphaned:
        _end_holder(lock)
    if orphaned or not lock.held:
        _settle(store, lock)
        if lock.run_id:
            free_lock(store, lock.run_id)
    for run in list_runs(store, _SETTLED_RUNS):
        if not run.finished:
            current_run(store, run.run_id)


def _has_witness(lock: Lock, run_id: str) -> bool:
    """Tell whether the service that started the run lives: it knows how its process ended, and is about to record it."""
    return lock.run_id == run_id and lock.service is not None and lock.service.here and lock.service.alive


def _settle(store: Store, lock: Lock) -> None:
    if lock.run_id is None:
        return
    with suppress(PermanentError):
        run = read_run(store, lock.run_id)
        if not run.finished:
            _interrupt(store, run, lock)


def _interrupt(store: Store, run: Run, lock: Lock) -> Run:
    run = finish_run(run, "interrupted", reason="the service or its machine stopped while the run was going on")
    write_run(store, run)
    if lock.run_id == run.run_id:
        free_lock(store, run.run_id)
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
        run, lock = read_run(store, run_id), read_lock(store).lock
        if lock.service is not None and lock.service.here and not lock.service.alive:
            return  # a worker that outlives its service by a moment: the next service ends its training, and says so
        if not run.finished and lock.run_id == run_id:
            write_run(store, _name_end(run, code, cancelled=lock.cancel))
        free_lock(store, run_id)
    except SentimentError as error:
        logger.warning("cannot record a run's end", extra={"run_id": run_id, "error": error.detail})


def _name_end(run: Run, code: int, *, cancelled: bool) -> Run:
    if cancelled:
        return finish_run(run, "cancelled", reason="cancelled by request")
    ended = f"signal {-code}" if code < 0 else f"exit code {code}"
    return finish_run(run, "failed", error=f"the training process ended with {ended}", code="process_ended")


def _end_holder(lock: Lock) -> None:
    """Ask the training process's group to end, then make it."""
    holder = lock.holder
    own = {os.getpid(), lock.service.pid if lock.service else 0}
    if holder is None or not holder.alive or holder.pid in own or os.getpgid(holder.pid) != holder.pid:
        return  # gone, or no group of its own (yet): it will see the mark at its next beat
    with suppress(ProcessLookupError):
        os.killpg(holder.pid, signal.SIGTERM)
        deadline = time.monotonic() + _END_SECONDS
        while holder.alive and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(holder.pid, signal.SIGKILL)
