"""A run as it is written to ``<store>/runs/<run_id>.json`` and answered over HTTP."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from libs.values.progress import Snapshot
from sentiment.errors import KeyMissingError, PermanentError, TransientError
from sentiment.release.manifest import new_version, require_version
from sentiment.store import Store

Status = Literal["queued", "running", "succeeded", "failed", "cancelled", "interrupted"]
FINAL: Final = frozenset({"succeeded", "failed", "cancelled", "interrupted"})
_PREFIX: Final = "runs/"
_RECORD_SECONDS: Final = 1.0
_LAST_WRITE_SECONDS: Final = 120.0

logger = logging.getLogger(__name__)


class Run(BaseModel):
    """One training run. ``progress`` goes from 0 to 1; times are UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)

    run_id: str
    status: Status = "queued"
    stage: str | None = None
    progress: float = Field(default=0.0, json_schema_extra={"minimum": 0, "maximum": 1})
    seconds_left: float | None = None
    metrics: dict[str, Any] = {}
    model_version: str | None = None
    promoted: bool = False
    reason: str | None = None
    error: str | None = None
    code: str | None = None
    warnings: tuple[str, ...] = ()
    dataset: str = ""
    overrides: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    stage_seconds: dict[str, float] = {}
    requested_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def finished(self) -> bool:
        """Whether it has ended."""
        return self.status in FINAL


def new_run(dataset: str, overrides: dict[str, Any]) -> Run:
    """Return a queued run with a fresh name that sorts by time; the release it publishes will bear the same name."""
    return Run(run_id=new_version(), dataset=dataset, overrides=overrides, requested_at=datetime.now(UTC))


def write_run(store: Store, run: Run) -> None:
    """Write the whole record; a run has one writer at a time."""
    store.write(_key(run.run_id), run.model_dump_json(indent=1).encode())


def read_run(store: Store, run_id: str) -> Run:
    """Return a run; ``PermanentError("run_missing")`` when there is none of that name."""
    try:
        return Run.model_validate_json(store.read(_key(run_id)).data)
    except KeyMissingError:
        raise PermanentError(f"there is no run '{run_id}'", code="run_missing") from None
    except ValidationError as error:
        raise PermanentError(f"run '{run_id}' cannot be read: {error.errors()[0]['msg']}", code="run_damaged") from None


def list_runs(store: Store, limit: int, known: Mapping[str, Run] = MappingProxyType({})) -> Iterator[Run]:
    """Yield the newest ``limit`` runs, newest first; a record that cannot be read is passed over.

    ``known``: runs by name whose records need not be read again.
    """
    names = [
        key.removeprefix(_PREFIX).removesuffix(".json") for key in store.list_keys(_PREFIX) if key.endswith(".json")
    ]
    for name in sorted(names, reverse=True)[:limit]:
        try:
            yield known.get(name) or read_run(store, name)
        except PermanentError:
            continue


def finish_run(run: Run, status: Status, **changes: Any) -> Run:
    """Return ``run`` as ended now; progress stays where it was unless it succeeded."""
    ended = {"status": status, "finished_at": datetime.now(UTC), "seconds_left": None, **changes}
    return run.model_copy(update=ended)


class RunRecorder:
    """Writes the record of a run that is going on: at once for a new stage, else at most once a second."""

    def __init__(self, store: Store, run: Run) -> None:
        """Mark the run as running."""
        self._store = store
        self._lock = threading.Lock()
        self._written = 0.0
        self._open = True
        self.run = run.model_copy(update={"status": "running", "started_at": datetime.now(UTC)})
        write_run(store, self.run)

    def take(self, snapshot: Snapshot) -> None:
        """Note the progress."""
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
        """Write the ended run, retrying for two minutes while the store is down; nothing is written after it."""
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


def _key(run_id: str) -> str:
    return f"{_PREFIX}{require_version(run_id)}.json"
