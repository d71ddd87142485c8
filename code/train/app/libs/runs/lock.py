"""One run at a time, over all workers, restarts and machines that share a store: a lock taken by compare-and-set."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple

import psutil
from pydantic import BaseModel, ConfigDict

from sentiment.errors import KeyMissingError, RaceLostError
from sentiment.store import Store

LOCK: Final = "locks/train.json"
STALE_SECONDS: Final = 60  # a holder on another machine that has not been heard of for so long is dead
_SAME_START_SECONDS: Final = 1.0


class Process(BaseModel):
    """A process, told apart from a later one with the same number by when it started."""

    model_config = ConfigDict(frozen=True)

    host: str
    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Process:
        """Describe a process of this machine that is running now."""
        return cls(host=socket.gethostname(), pid=pid, started=psutil.Process(pid).create_time())

    @property
    def here(self) -> bool:
        """Whether it is a process of this machine."""
        return self.host == socket.gethostname()

    @property
    def alive(self) -> bool:
        """Whether it still runs (only to be asked of a process that is here); a zombie does not."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.started) < _SAME_START_SECONDS
            return bool(same and found.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False


class Lock(BaseModel):
    """Who trains: ``holder`` is the training process (or who is about to start it), ``service`` whom it must not outlive."""

    model_config = ConfigDict(frozen=True)

    run_id: str | None = None
    holder: Process | None = None
    service: Process | None = None
    cancel: bool = False
    seen_at: datetime

    @property
    def held(self) -> bool:
        """Whether its run can still be going on."""
        if self.run_id is None or self.holder is None:
            return False
        if self.holder.here:
            return self.holder.alive
        return (datetime.now(UTC) - self.seen_at).total_seconds() < STALE_SECONDS


class TaggedLock(NamedTuple):
    """The lock with the etag that a change must compare with (None: there is none yet)."""

    lock: Lock
    etag: str | None


def read_lock(store: Store) -> TaggedLock:
    """Return the lock as it is; a free one when nobody ever trained."""
    try:
        stored = store.read(LOCK)
        return TaggedLock(Lock.model_validate_json(stored.data), stored.etag)
    except KeyMissingError:
        return TaggedLock(Lock(seen_at=datetime.now(UTC)), None)


def take_lock(store: Store, before: TaggedLock, run_id: str, service: Process | None) -> None:
    """Take a lock that was seen free (or held by the dead); ``RaceLostError`` when somebody else was faster."""
    holder = Process.of(os.getpid())
    lock = Lock(run_id=run_id, holder=holder, service=service, seen_at=datetime.now(UTC))
    _write(store, lock, before.etag)


def beat(store: Store, run_id: str) -> bool:
    """Say that this process trains ``run_id`` and lives; False when it should not: cancelled, or the lock is another's."""
    while True:
        lock, etag = read_lock(store)
        if lock.run_id != run_id or lock.cancel:
            return False
        with suppress(RaceLostError):
            mine = {"holder": Process.of(os.getpid()), "seen_at": datetime.now(UTC)}
            _write(store, lock.model_copy(update=mine), etag)
            return True


def ask_to_cancel(store: Store, run_id: str) -> Lock | None:
    """Mark the lock so that its holder ends at its next beat, wherever it runs; None when it is not this run's."""
    while True:
        lock, etag = read_lock(store)
        if lock.run_id != run_id:
            return None
        with suppress(RaceLostError):
            _write(store, lock.model_copy(update={"cancel": True}), etag)
            return lock


def free_lock(store: Store, run_id: str) -> None:
    """Let the next run start; does nothing when the lock is not this run's any more."""
    while True:
        lock, etag = read_lock(store)
        if lock.run_id != run_id:
            return
        with suppress(RaceLostError):
            _write(store, Lock(seen_at=datetime.now(UTC)), etag)
            return


def _write(store: Store, lock: Lock, etag: str | None) -> None:
    data = lock.model_dump_json().encode()
    if etag is None:
        store.create(LOCK, data)
    else:
        store.replace(LOCK, data, etag)
