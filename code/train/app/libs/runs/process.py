"""The inside of a training process: claim the run, keep its record, give way when told to."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil

from libs.dataset import parse_source
from libs.runs.job import Job, Outcome
from libs.runs.lock import beat, free_lock, read_lock
from libs.runs.overrides import choose_datasets
from libs.runs.record import Run, finish_run, read_run, write_run
from libs.service.settings import TrainSettings
from libs.values.progress import Progress, Snapshot
from libs.values.recipe import Recipe, override_recipe
from sentiment.errors import SentimentError, TransientError
from sentiment.store import Store

logger = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 2.0
_RECORD_SECONDS: Final = 1.0
_LAST_WRITE_SECONDS: Final = 120.0
_FOLDER: Final = "sentiment-train-"


def carry_out(
    train: Callable[[Job], Outcome],
    settings: TrainSettings,
    store: Store,
    run: Run,
    listeners: Sequence[Callable[[Snapshot], None]] = (),
) -> Run:
    """Train in this process and return the run as it ended; never raises for a failed training.

    The record in the store is this function's alone until it returns, and its last word is repeated for two minutes
    while the store is down.
    """
    if not beat(store, run.run_id):
        return read_run(store, run.run_id)
    record = _Record(store, run)
    signal.signal(signal.SIGTERM, _end_quietly)
    watch = threading.Thread(target=_watch, args=(store, record), daemon=True)
    watch.start()
    try:
        ended = _train(train, settings, store, record, listeners)
    except KeyboardInterrupt:
        ended = record.finish("cancelled", reason="cancelled in the shell")
    record.close(ended)
    free_lock(store, run.run_id)
    return ended


def _train(
    train: Callable[[Job], Outcome],
    settings: TrainSettings,
    store: Store,
    record: _Record,
    listeners: Sequence[Callable[[Snapshot], None]],
) -> Run:
    run_id, overrides = record.run.run_id, record.run.overrides
    try:
        with _scratch_folder() as folder:
            job = Job(
                run_id=run_id,
                settings=settings,
                datasets=choose_datasets(settings, overrides),
                exclude=parse_source(settings.exclude_url) if settings.exclude_url else None,
                recipe=override_recipe(Recipe(), {k: v for k, v in overrides.items() if k != "dataset"}),
                store=store,
                folder=folder,
                progress=Progress([record.take, *listeners]),
            )
            outcome = train(job)
    except SentimentError as error:
        logger.warning("failed", extra={"run_id": run_id, "code": error.code, "error": error.detail})
        return record.finish("failed", error=error.detail, code=error.code)
    except MemoryError:
        return record.finish(
            "failed", error="the machine has too little memory for this data set", code="out_of_memory"
        )
    except Exception as error:
        logger.exception("failed unforeseen", extra={"run_id": run_id})
        return record.finish(
            "failed", error=f"unforeseen {type(error).__name__}; the log has its trace", code="internal_error"
        )
    logger.info("succeeded", extra={"run_id": run_id, "promoted": outcome.promoted, "reason": outcome.reason})
    return record.finish(
        "succeeded",
        progress=1.0,
        model_version=outcome.model_version,
        promoted=outcome.promoted,
        reason=outcome.reason,
        metrics=outcome.metrics,
        warnings=outcome.warnings,
    )


class _Record:
    """The run's record in the store, written at most once a second while the run goes on."""

    def __init__(self, store: Store, run: Run) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._written = 0.0
        self._open = True
        self.run = run.model_copy(update={"status": "running", "started_at": _now()})
        write_run(store, self.run)

    def take(self, snapshot: Snapshot) -> None:
        """Note where the run is."""
        left = None if snapshot.seconds_left is None else round(snapshot.seconds_left, 1)
        changes = {
            "stage": snapshot.stage,
            "progress": round(max(snapshot.progress, self.run.progress), 4),
            "seconds_left": left,
            "figures": snapshot.figures,
            "stage_seconds": snapshot.stage_seconds,
        }
        new_stage = snapshot.stage != self.run.stage
        with self._lock:
            self.run = self.run.model_copy(update=changes)
            due = new_stage or time.monotonic() - self._written >= _RECORD_SECONDS
            if not (due and self._open):
                return
            self._written = time.monotonic()
            try:
                write_run(self._store, self.run)
            except TransientError as error:
                logger.warning("progress not recorded", extra={"error": error.detail})

    def finish(self, status: Any, **changes: Any) -> Run:
        """Return the run as ended."""
        return finish_run(self.run, status, **changes)

    def close(self, ended: Run) -> None:
        """Write the last word, patiently, and let nothing be written after it."""
        with self._lock:
            if not self._open:
                return
            self._open = False
            deadline = time.monotonic() + _LAST_WRITE_SECONDS
            while True:
                try:
                    write_run(self._store, ended)
                except TransientError as error:
                    if time.monotonic() > deadline:
                        logger.warning("the run's end is not recorded", extra={"error": error.detail})
                        return
                    time.sleep(2)
                else:
                    return


def _watch(store: Store, record: _Record) -> None:
    """Beat; end this process when its run was cancelled or its service is gone."""
    run_id = record.run.run_id
    service = read_lock(store).lock.service
    while True:
        time.sleep(_BEAT_SECONDS)
        if service is not None and service.here and not service.alive:
            record.close(record.finish("interrupted", reason="the service stopped while the run was going on"))
            free_lock(store, run_id)
            _end_group()
        try:
            if not beat(store, run_id):
                lock = read_lock(store).lock
                if lock.run_id == run_id:
                    record.close(record.finish("cancelled", reason="cancelled by request"))
                    free_lock(store, run_id)
                _end_group()
        except TransientError as error:
            logger.warning("no beat", extra={"error": error.detail})


def _end_group() -> None:
    # Its own group when the service started it; a shell's run ends alone, or it would take the caller's script along.
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _end_quietly(_signal: int, _frame: Any) -> None:
    sys.exit(128 + signal.SIGTERM)


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    """Yield a folder that is gone afterwards; folders of processes that were killed go first."""
    for left in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        pid = left.name.removeprefix(_FOLDER).partition("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_FOLDER}{os.getpid()}-") as folder:
        yield Path(folder)


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)
