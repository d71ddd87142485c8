"""The lease that lets one run train at a time, over all processes and machines that share a store.

It is one JSON file in the store, changed by compare-and-set. Its holder renews it every two seconds; a holder on another
machine that has not done so for ``STALE_SECONDS`` is taken for dead, one on this machine when its process is gone.
"""

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

LEASE_KEY: Final = "locks/train.json"
STALE_SECONDS: Final = 60
_SAME_START_SECONDS: Final = 1.0


class Process(BaseModel):
    """A process: its number, and its start time, which a later process with the same number does not share."""

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


class Lease(BaseModel):
    """Which run trains: ``holder`` is its process (or the one about to start it), ``service`` the one it must not outlive."""

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


class TaggedLease(NamedTuple):
    """The lease and the etag that a change must compare with (None: the store has no lease yet)."""

    lease: Lease
    etag: str | None


def read_lease(store: Store) -> TaggedLease:
    """Return the lease as it is; a free one when nobody ever trained."""
    try:
        stored = store.read(LEASE_KEY)
        return TaggedLease(Lease.model_validate_json(stored.data), stored.etag)
    except KeyMissingError:
        return TaggedLease(Lease(seen_at=datetime.now(UTC)), None)


def take_lease(store: Store, before: TaggedLease, run_id: str, service: Process | None) -> None:
    """Take a lease that was seen free or held by a dead process; ``RaceLostError`` when another process was faster."""
    holder = Process.of(os.getpid())
    lease = Lease(run_id=run_id, holder=holder, service=service, seen_at=datetime.now(UTC))
    _write(store, lease, before.etag)


def renew_lease(store: Store, run_id: str) -> bool:
    """Renew the lease for this process; False when the run is cancelled or the lease belongs to another run."""
    while True:
        lease, etag = read_lease(store)
        if lease.run_id != run_id or lease.cancel:
            return False
        with suppress(RaceLostError):
            mine = {"holder": Process.of(os.getpid()), "seen_at": datetime.now(UTC)}
            _write(store, lease.model_copy(update=mine), etag)
            return True


def request_cancel(store: Store, run_id: str) -> Lease | None:
    """Mark the lease so that its holder ends when it next renews it; None when another run has the lease."""
    while True:
        lease, etag = read_lease(store)
        if lease.run_id != run_id:
            return None
        with suppress(RaceLostError):
            _write(store, lease.model_copy(update={"cancel": True}), etag)
            return lease


def release_lease(store: Store, run_id: str) -> None:
    """Let the next run start; does nothing when another run has the lease."""
    while True:
        lease, etag = read_lease(store)
        if lease.run_id != run_id:
            return
        with suppress(RaceLostError):
            _write(store, Lease(seen_at=datetime.now(UTC)), etag)
            return


def _write(store: Store, lease: Lease, etag: str | None) -> None:
    data = lease.model_dump_json().encode()
    if etag is None:
        store.create(LEASE_KEY, data)
    else:
        store.replace(LEASE_KEY, data, etag)
