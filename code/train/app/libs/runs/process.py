"""One run inside its training process: take over the lease, keep the record, and end when cancelled."""

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

from libs.dataset import parse_address
from libs.runs.job import Job
from libs.runs.lease import read_lease, release_lease, renew_lease
from libs.runs.overrides import choose_datasets
from libs.runs.record import Run, RunRecorder, read_run
from libs.service.settings import TrainSettings
from libs.values.outcome import Outcome
from libs.values.progress import Progress, Snapshot
from libs.values.recipe import Recipe, override_recipe
from sentiment.errors import SentimentError, TransientError
from sentiment.store import Store

logger = logging.getLogger(__name__)

_RENEW_SECONDS: Final = 2.0
_FOLDER: Final = "sentiment-train-"


def carry_out(
    train: Callable[[Job], Outcome],
    settings: TrainSettings,
    store: Store,
    run: Run,
    listeners: Sequence[Callable[[Snapshot], None]] = (),
) -> Run:
    """Train in this process and return the run as it ended; never raises for a failed training.

    Until it returns, nothing else writes the run's record. While the store is down, the last write is retried for two
    minutes.
    """
    if not renew_lease(store, run.run_id):
        return read_run(store, run.run_id)
    recorder = RunRecorder(store, run)
    signal.signal(signal.SIGTERM, _end_quietly)
    watch = threading.Thread(target=_watch, args=(store, recorder), daemon=True)
    watch.start()
    try:
        ended = _train(train, settings, store, recorder, listeners)
    except KeyboardInterrupt:
        ended = recorder.finish("cancelled", reason="cancelled in the shell")
    recorder.close(ended)
    release_lease(store, run.run_id)
    return ended


def _train(
    train: Callable[[Job], Outcome],
    settings: TrainSettings,
    store: Store,
    recorder: RunRecorder,
    listeners: Sequence[Callable[[Snapshot], None]],
) -> Run:
    run_id, overrides = recorder.run.run_id, recorder.run.overrides
    try:
        with _scratch_folder() as folder:
            job = Job(
                run_id=run_id,
                settings=settings,
                datasets=choose_datasets(settings, overrides),
                exclude=parse_address(settings.exclude_url) if settings.exclude_url else None,
                recipe=override_recipe(Recipe(), {k: v for k, v in overrides.items() if k != "dataset"}),
                store=store,
                folder=folder,
                progress=Progress([recorder.take, *listeners]),
            )
            outcome = train(job)
    except SentimentError as error:
        logger.warning("failed", extra={"run_id": run_id, "code": error.code, "error": error.detail})
        return recorder.finish("failed", error=error.detail, code=error.code)
    except MemoryError:
        return recorder.finish(
            "failed", error="the machine has too little memory for this data set", code="out_of_memory"
        )
    except Exception as error:
        logger.exception("failed unforeseen", extra={"run_id": run_id})
        return recorder.finish(
            "failed", error=f"unforeseen {type(error).__name__}; the log has its trace", code="internal_error"
        )
    logger.info("succeeded", extra={"run_id": run_id, "promoted": outcome.promoted, "reason": outcome.reason})
    return recorder.finish(
        "succeeded",
        progress=1.0,
        model_version=outcome.model_version,
        promoted=outcome.promoted,
        reason=outcome.reason,
        metrics=outcome.metrics,
        warnings=outcome.warnings,
    )


def _watch(store: Store, recorder: RunRecorder) -> None:
    """Renew the lease; end this process when its run was cancelled or its service is gone."""
    run_id = recorder.run.run_id
    service = read_lease(store).lease.service
    while True:
        time.sleep(_RENEW_SECONDS)
        if service is not None and service.here and not service.alive:
            recorder.close(recorder.finish("interrupted", reason="the service stopped while the run was going on"))
            release_lease(store, run_id)
            _end_group()
        try:
            if not renew_lease(store, run_id):
                lease = read_lease(store).lease
                if lease.run_id == run_id:
                    recorder.close(recorder.finish("cancelled", reason="cancelled by request"))
                    release_lease(store, run_id)
                _end_group()
        except TransientError as error:
            logger.warning("lease not renewed", extra={"error": error.detail})


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
