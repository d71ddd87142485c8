"""What a worker does with one group: clean, predict, store. It may be done twice without harm, by any worker."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from libs.batches import build_batch, sort_entries
from libs.pacing import WallClock
from libs.predict import Predictor
from libs.results import Batch, Results, open_results
from libs.spool import Parcel
from libs.tweet import unpack_entries
from sentiment.errors import TransientError

if TYPE_CHECKING:
    from pydantic import SecretStr

_TRIES: Final = 8


class Work(NamedTuple):
    """Everything a worker needs; it is sent with each group."""

    predict_url: str
    predict_api_key: SecretStr | None
    predict_batch: int
    results_url: str
    retention_days: int
    languages: frozenset[str]
    parquet: str
    """Folder for Parquet parts; empty = the results store."""


class Done(NamedTuple):
    """What became of a group."""

    stored: int
    dead_letters: int
    skipped: int


def do_group(work: Work, name: str, packed: bytes) -> Done:
    """Score and store one group. Raises ``TransientError`` when the store stays down: the engine tries again."""
    predictor = _make_predictor(work.predict_url, work.predict_api_key)
    share = sort_entries([Parcel(name, unpack_entries(packed))], work.languages)
    texts = share.clean_texts()
    starts = range(0, len(texts), work.predict_batch)
    answers = [answer for start in starts for answer in predictor.predict(texts[start : start + work.predict_batch])]
    batch = build_batch(share, texts, answers)
    if work.parquet:
        write_part(Path(work.parquet), name, batch)
    else:
        _store(work, batch)
    return Done(len(batch.results), len(batch.dead_letters), len(batch.skipped))


def write_part(folder: Path, name: str, batch: Batch) -> None:
    """Write a group's results, and its dead letters beside them, whole or not at all."""
    from pyarrow import Table, parquet

    part = name.replace("/", "_").replace("#", "-")
    for kind, rows in (("part", batch.results), ("dead", batch.dead_letters)):
        if rows:
            unfinished = folder / f".{kind}-{part}.parquet"
            parquet.write_table(Table.from_pylist([row._asdict() for row in rows]), unfinished)
            unfinished.replace(folder / f"{kind}-{part}.parquet")


def _store(work: Work, batch: Batch) -> None:
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
