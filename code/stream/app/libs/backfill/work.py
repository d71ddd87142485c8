"""What a worker does with one group: clean, predict, store. It may be done twice without harm, by any worker."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from pydantic import SecretStr

from libs.results import Results, open_results
from libs.scoring.batches import build_batch, sort_entries
from libs.scoring.predict import Predictor
from libs.spool import Parcel
from libs.values.result import ResultBatch
from libs.values.tweet import derive_id, unpack_entries
from sentiment.errors import TransientError
from sentiment.service.clock import WallClock
from sentiment.store import open_store

_TRIES: Final = 8
_NO_KEY = re.compile(r"[^A-Za-z0-9._=+-]")


class Work(NamedTuple):
    """Everything a worker needs; it is sent with each group."""

    predict_url: str
    predict_api_key: SecretStr | None
    predict_batch: int
    results_url: str
    retention_days: int
    languages: frozenset[str]
    parquet: str
    """Address of a folder for Parquet parts, ``file://`` or ``s3://``; empty = the results store."""


class Chunk(NamedTuple):
    """A group on its way to a worker."""

    file: str
    first: int
    entries: bytes
    rescored: dict[str, str]


class Done(NamedTuple):
    """What became of a group."""

    stored: int
    dead_letters: int
    skipped: int


def do_chunk(work: Work, chunk: Chunk) -> Done:
    """Score and store one group. Raises ``TransientError`` when the store stays down: the engine tries again."""
    predictor = _make_predictor(work.predict_url, work.predict_api_key)
    languages = frozenset[str]() if chunk.rescored else work.languages  # what is stored was scored already
    share = sort_entries([Parcel(chunk.file, unpack_entries(chunk.entries))], languages)
    texts = share.clean_texts()
    starts = range(0, len(texts), work.predict_batch)
    answers = [answer for start in starts for answer in predictor.predict(texts[start : start + work.predict_batch])]
    batch = replace(build_batch(share, texts, answers), rescored=chunk.rescored)
    if work.parquet:
        write_parts(work.parquet, chunk, batch)
    else:
        _store(work, batch)
    return Done(len(batch.results), len(batch.dead_letters), len(batch.skipped))


def write_parts(target: str, chunk: Chunk, batch: ResultBatch) -> None:
    """Write a group's results, and its dead letters beside them, each file whole or not at all."""
    from pyarrow import Table, parquet

    store = open_store(target)
    # Two files whose names differ only in what a key may not hold must not meet in one part.
    name = f"{_NO_KEY.sub('_', chunk.file)}-{derive_id(chunk.file)[:8]}-{chunk.first:09}.parquet"
    for kind, rows in (("part", batch.results), ("dead", batch.dead_letters)):
        if rows:
            with TemporaryDirectory(prefix="backfill-") as folder:
                path = Path(folder) / "part.parquet"
                parquet.write_table(Table.from_pylist([row._asdict() for row in rows]), path)
                store.upload(f"{kind}-{name}", path)


def _store(work: Work, batch: ResultBatch) -> None:
    results, clock = _open(work.results_url, work.retention_days), WallClock()
    for attempt in range(_TRIES):
        try:
            return results.store(batch)
        except TransientError:
            if attempt == _TRIES - 1:
                raise
            clock.wait(min(10.0, 0.2 * 2**attempt))
    return None


@lru_cache(maxsize=2)
def _open(url: str, retention_days: int) -> Results:
    results = open_results(url, retention_days, many_writers=True)
    results.prepare()
    return results


@lru_cache(maxsize=2)
def _make_predictor(url: str, api_key: SecretStr | None) -> Predictor:
    return Predictor(url, api_key, WallClock())
