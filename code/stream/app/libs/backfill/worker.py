"""What a Dask worker does with one group of rows: clean, predict, store. Any worker may repeat it without harm."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from pydantic import SecretStr

from libs.results import Results, open_results
from libs.scoring import ServeClient, score_entries, sort_entries
from libs.spool import Parcel
from libs.values.result import ResultBatch
from libs.values.tweet import derive_id, unpack_entries
from sentiment.service.clock import WallClock
from sentiment.service.retry import Backoff, retry
from sentiment.store import open_store

_TRIES: Final = 8
_BACKOFF: Final = Backoff(first_seconds=0.2, longest_seconds=10.0)
_NO_KEY = re.compile(r"[^A-Za-z0-9._=+-]")


class WorkerSettings(NamedTuple):
    """Where a worker scores and stores, and which languages; sent with each group."""

    predict_url: str
    predict_api_key: SecretStr | None
    predict_batch: int
    results_url: str
    retention_days: int
    languages: frozenset[str]
    parquet: str
    """Address of a folder for Parquet parts, ``file://`` or ``s3://``; empty = the results store."""


class PackedGroup(NamedTuple):
    """A ``RowGroup`` on its way to a worker, its entries packed."""

    file: str
    first: int
    entries: bytes
    rescored: dict[str, str]


class GroupCounts(NamedTuple):
    """How many rows of a group were stored, became dead letters, or were in a language that is not scored."""

    stored: int
    dead_letters: int
    skipped: int


def score_group(settings: WorkerSettings, group: PackedGroup) -> GroupCounts:
    """Score and store one group. Raises ``TransientError`` when the store stays down: Dask tries again."""
    serve = _make_client(settings.predict_url, settings.predict_api_key)
    languages = frozenset[str]() if group.rescored else settings.languages  # what is stored was scored already
    entries = sort_entries([Parcel(group.file, unpack_entries(group.entries))], languages)
    batch = replace(score_entries(entries, serve.predict, settings.predict_batch), rescored=group.rescored)
    if settings.parquet:
        write_parts(settings.parquet, group, batch)
    else:
        _store(settings, batch)
    return GroupCounts(len(batch.results), len(batch.dead_letters), len(batch.skipped))


def write_parts(target: str, group: PackedGroup, batch: ResultBatch) -> None:
    """Write a group's results, and its dead letters beside them, each file whole or not at all."""
    from pyarrow import Table, parquet

    store = open_store(target)
    # Two files whose names differ only in what a key may not hold must not meet in one part.
    name = f"{_NO_KEY.sub('_', group.file)}-{derive_id(group.file)[:8]}-{group.first:09}.parquet"
    for kind, rows in (("part", batch.results), ("dead", batch.dead_letters)):
        if rows:
            with TemporaryDirectory(prefix="backfill-") as folder:
                path = Path(folder) / "part.parquet"
                parquet.write_table(Table.from_pylist([row._asdict() for row in rows]), path)
                store.upload(f"{kind}-{name}", path)


def _store(settings: WorkerSettings, batch: ResultBatch) -> None:
    results = _open(settings.results_url, settings.retention_days)
    retry(lambda: results.store(batch), WallClock(), _BACKOFF, tries=_TRIES)


@lru_cache(maxsize=2)
def _open(url: str, retention_days: int) -> Results:
    results = open_results(url, retention_days, many_writers=True)
    results.prepare()
    return results


@lru_cache(maxsize=2)
def _make_client(url: str, api_key: SecretStr | None) -> ServeClient:
    return ServeClient(url, api_key, WallClock())
