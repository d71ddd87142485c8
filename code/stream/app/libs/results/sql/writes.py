"""How a batch reaches the SQL tables: one transaction, and the rule that decides which version of a post wins.

Transactions are serializable, so that what was looked up still holds when it is written, also with many workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Table, delete, insert, select, update
from sqlalchemy.dialects import mysql, postgresql, sqlite

from libs.results.revisions import KEPT_DAYS, Revision, is_admitted
from libs.results.sql.schema import DEAD_LETTERS, GAPS, RESULTS, REVISIONS, SKIPPED, TOPICS
from libs.values.result import Result, ResultBatch
from libs.values.times import format_time
from libs.values.tweet import Removal

MANY: Final = 500  # keys in one statement; SQLite takes 32,766, packets of MySQL less
# What expires, and by which of its times.
PRUNED: Final = (RESULTS, SKIPPED, DEAD_LETTERS)
_AGES: Final = {RESULTS: RESULTS.c.analyzed_at, SKIPPED: SKIPPED.c.data, DEAD_LETTERS: DEAD_LETTERS.c.died_at}


def write_batch(connection: Connection, batch: ResultBatch) -> None:
    """Write a batch within the caller's transaction."""
    _remove(connection, batch.removals)
    _write_results(connection, batch)
    for gap in batch.gaps:
        _write_gap(connection, gap._asdict())
    letters = [letter._asdict() for letter in {letter.id: letter for letter in batch.dead_letters}.values()]
    _delete_keys(connection, DEAD_LETTERS, [*batch.buried, *(letter["id"] for letter in letters)])
    _insert_new(connection, DEAD_LETTERS, letters)
    _insert_new(connection, SKIPPED, [skipped._asdict() for skipped in batch.skipped])


def prune_some(connection: Connection, table: Table, before: str) -> int:
    """Delete some rows of a table that are from before a moment, and return how many."""
    found = connection.execute(select(table.c.id).where(_AGES[table] < before).limit(MANY)).scalars().all()
    _delete_keys(connection, table, found)
    if table is RESULTS:
        _delete_keys(connection, TOPICS, found)
    return len(found)


def forget_revisions(connection: Connection) -> None:
    """Delete notes of edits and removals that are too old for a source to repeat them."""
    before = format_time(datetime.now(UTC) - timedelta(days=KEPT_DAYS))
    connection.execute(delete(REVISIONS).where(REVISIONS.c.decided_at < before))


def _write_results(connection: Connection, batch: ResultBatch) -> None:
    results = {result.id: result for result in batch.results}  # of one id twice in a batch the later wins
    known = _read_revisions(connection, list(results))
    admitted = [result for result in results.values() if is_admitted(result, batch, known)]
    stored = _read_stored(connection, [result.id for result in admitted])
    changed = [
        result for result in admitted if result.id in stored and _is_to_replace(result, batch, *stored[result.id])
    ]
    for result in admitted:
        # An edit, or a post that is there again after its removal, which must not be removed by hearing of that once more.
        if result.id in batch.edited or (result.id in known and result.id in batch.revisions):
            _write_revision(connection, result.id, batch.revisions[result.id], result.analyzed_at, removed=False)
    _overwrite(connection, changed)
    _insert(connection, [r for r in admitted if r.id not in stored and r.id not in batch.rescored])


def _is_to_replace(result: Result, batch: ResultBatch, model_version: str, analyzed_at: str) -> bool:
    if result.id in batch.edited:
        return True
    return result.model_version > model_version and batch.rescored.get(result.id, analyzed_at) == analyzed_at


def _insert(connection: Connection, results: list[Result]) -> None:
    _insert_new(connection, RESULTS, [_as_row(result) for result in results])
    _insert_new(connection, TOPICS, _topic_rows(results))


def _overwrite(connection: Connection, results: list[Result]) -> None:
    """Replace rows that were looked up in this transaction."""
    for table in (RESULTS, TOPICS):
        _delete_keys(connection, table, [result.id for result in results])
    _insert(connection, results)


def _remove(connection: Connection, removals: Sequence[Removal]) -> None:
    known = _read_revisions(connection, [removal.id for removal in removals])
    valid = [
        removal for removal in removals if removal.id not in known or removal.revision >= known[removal.id].revision
    ]
    for table in (RESULTS, TOPICS):
        _delete_keys(connection, table, [removal.id for removal in valid])
    for removal in valid:
        _write_revision(connection, removal.id, removal.revision, removal.removed_at, removed=True)


def _write_revision(connection: Connection, post: str, revision: str, moment: str, *, removed: bool) -> None:
    _delete_keys(connection, REVISIONS, [post])
    row = {"id": post, "revision": revision, "removed": removed, "decided_at": moment}
    connection.execute(insert(REVISIONS).values(row))


def _write_gap(connection: Connection, row: dict[str, Any]) -> None:
    _insert_new(connection, GAPS, [row])
    # A gap can come with two ends, when a crash came between storing it and storing the position: the later end counts.
    connection.execute(update(GAPS).where(GAPS.c.id == row["id"], GAPS.c.ended_at < row["ended_at"]).values(row))


def _read_revisions(connection: Connection, ids: list[str]) -> dict[str, Revision]:
    rows = _select_keys(connection, select(REVISIONS.c.id, REVISIONS.c.revision, REVISIONS.c.removed), REVISIONS, ids)
    return {row.id: Revision(row.revision, bool(row.removed)) for row in rows}


def _read_stored(connection: Connection, ids: list[str]) -> dict[str, tuple[str, str]]:
    """Return ``(model_version, analyzed_at)`` by id."""
    statement = select(RESULTS.c.id, RESULTS.c.model_version, RESULTS.c.analyzed_at)
    rows = _select_keys(connection, statement, RESULTS, ids)
    return {row.id: (row.model_version, row.analyzed_at) for row in rows}


def _select_keys(connection: Connection, statement: Any, table: Table, ids: list[str]) -> list[Any]:
    rows: list[Any] = []
    for start in range(0, len(ids), MANY):
        rows += connection.execute(statement.where(table.c.id.in_(ids[start : start + MANY]))).all()
    return rows


def _delete_keys(connection: Connection, table: Table, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), MANY):
        connection.execute(delete(table).where(table.c.id.in_(ids[start : start + MANY])))


def _insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows whose key is not there."""
    if not rows:
        return
    match connection.dialect.name:
        case "sqlite":
            statement: Any = sqlite.insert(table).on_conflict_do_nothing()
        case "postgresql":
            statement = postgresql.insert(table).on_conflict_do_nothing()
        case _:
            key = next(iter(table.primary_key))  # setting a key to itself; INSERT IGNORE would hide cut-off values too
            statement = mysql.insert(table).on_duplicate_key_update({key.name: key})
    connection.execute(statement, rows)


def _as_row(result: Result) -> dict[str, Any]:
    return {**result._asdict(), "topics": orjson.dumps(result.topics).decode()}


def _topic_rows(results: list[Result]) -> list[dict[str, Any]]:
    return [
        {"id": result.id, "topic": topic, "data": result.data, "sentiment": result.sentiment, "score": result.score}
        for result in results
        for topic in result.topics
    ]
