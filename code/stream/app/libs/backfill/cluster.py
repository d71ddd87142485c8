"""Groups of rows scored by the workers of a Dask cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

from libs.backfill.archive import RowGroup
from libs.backfill.worker import GroupCounts, PackedGroup, WorkerSettings, score_group
from libs.values.tweet import pack_entries
from sentiment.errors import ConfigurationError, PermanentError

_INSTALL: Final = "backfill needs its optional packages: pip install -r code/stream/build/requirements-backfill.txt"
_AHEAD_OF_A_WORKER: Final = 3
_TRIES: Final = 5  # of a group whose store was down; Dask itself counts those whose worker died


@contextmanager
def connect(scheduler: str) -> Iterator[Any]:
    """Yield a client of the cluster at an address, or of one on this machine's cores when that is empty."""
    dask = import_optional("distributed")
    if scheduler:
        with dask.Client(scheduler) as client:
            yield client
        return
    # Loopback only: a worker runs whatever code it is sent.
    cluster = dask.LocalCluster(host="127.0.0.1", threads_per_worker=1, dashboard_address=None)
    with cluster, dask.Client(cluster) as client:
        yield client


def score_all(
    client: Any, settings: WorkerSettings, groups: Iterator[RowGroup]
) -> Iterator[tuple[RowGroup, GroupCounts]]:
    """Have groups scored and yield each with its counts, in their order; a few are under way ahead of each worker.

    Raises ``PermanentError("workers_died")`` for a group that kills its workers.
    """
    ahead = max(2, _AHEAD_OF_A_WORKER * len(client.scheduler_info()["workers"]))
    waiting: deque[tuple[RowGroup, Any]] = deque()
    for group in groups:
        packed = PackedGroup(group.file, group.first, pack_entries(group.entries), group.rescored)
        waiting.append((group, client.submit(score_group, settings, packed, pure=False, retries=_TRIES)))
        if len(waiting) >= ahead:
            yield _wait_for(*waiting.popleft())
    while waiting:
        yield _wait_for(*waiting.popleft())


def _wait_for(group: RowGroup, future: Any) -> tuple[RowGroup, GroupCounts]:
    killed: type[Exception] = import_module("distributed").KilledWorker
    try:
        return group, future.result()
    except killed as error:
        place = f"{group.file}, {len(group.entries)} rows from row {group.first + 1} on"
        raise PermanentError(f"workers die of {place}: {error}", code="workers_died") from None


def import_optional(name: str) -> Any:
    """Import one of backfill's optional packages; ``ConfigurationError`` that says how to install it."""
    try:
        return import_module(name)
    except ImportError:
        raise ConfigurationError(_INSTALL) from None
