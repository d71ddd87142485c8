"""How a batch reaches the SQL tables: one transaction, and the rule that decides which version of a post wins.

Transactions are serializable, so that what was looked up still holds when it is written, also with many workers.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy import delete, insert, select, true, update
from sqlalchemy.dialects import mysql, postgresql, sqlite

from libs.results.revisions import KEPT_DAYS, Revision
from libs.results.schema import DEAD_LETTERS, GAPS, RESULTS, REVISIONS, SKIPPED, TOPICS
from libs.times import format_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Table

    from libs.results import Batch, Result
    from libs.tweet import Removal

_MANY: Final = 500  # keys in one statement; SQLite takes 32,766, packets of MySQL less


def write_batch(connection: Connection, batch: Batch) -> None:
    """Write a batch; the caller's transaction makes it all or nothing."""
    _remove(connection, batch.removals)
    _write_results(connection, batch)
    for gap in batch.gaps:
        _write_gap(connection, gap._asdict())
    letters = [letter._asdict() for letter in {letter.id: letter for letter in batch.dead_letters}.values()]
    _delete_keys(connection, DEAD_LETTERS, [*batch.buried, *(letter["id"] for letter in letters)])
    _insert_new(connection, DEAD_LETTERS, letters)
    _insert_new(connection, SKIPPED, [skipped._asdict() for skipped in batch.skipped])


def prune(connection: Connection, before: str) -> int:
    """Delete results analysed, and posts skipped, before a moment."""
    old = select(RESULTS.c.id).where(RESULTS.c.analyzed_at < before)
    connection.execute(delete(TOPICS).where(TOPICS.c.id.in_(old)))
    connection.execute(delete(SKIPPED).where(SKIPPED.c.data < before))
    return int(connection.execute(delete(RESULTS).where(RESULTS.c.analyzed_at < before)).rowcount)


def forget_revisions(connection: Connection) -> None:
    """Delete settled versions that nothing can bring up again."""
    before = format_time(datetime.now(UTC) - timedelta(days=KEPT_DAYS))
    connection.execute(delete(REVISIONS).where(REVISIONS.c.decided_at < before))


def _write_results(connection: Connection, batch: Batch) -> None:
    results = {result.id: result for result in batch.results}  # of one id twice in a batch the later wins
    known = _read_revisions(connection, list(results))
    admitted = [
        result
        for result in results.values()
        if result.id not in known or known[result.id].admits(batch.revisions.get(result.id, ""))
    ]
    stored = _read_versions(connection, [result.id for result in admitted])
    changed = [
        result
        for result in admitted
        if result.id in stored and (result.id in batch.edited or result.model_version > stored[result.id])
    ]
    for result in admitted:
        if result.id in batch.edited:
            _write_revision(connection, result.id, batch.revisions[result.id], result.analyzed_at, removed=False)
    _overwrite(connection, changed, batch)
    _insert(connection, [result for result in admitted if result.id not in stored])


def _insert(connection: Connection, results: list[Result]) -> None:
    _insert_new(connection, RESULTS, [_as_row(result) for result in results])
    _insert_new(connection, TOPICS, _topic_rows(results))


def _overwrite(connection: Connection, results: list[Result], batch: Batch) -> None:
    _delete_keys(connection, TOPICS, [result.id for result in results])
    for result in results:
        older = true() if result.id in batch.edited else RESULTS.c.model_version < result.model_version
        connection.execute(update(RESULTS).where(RESULTS.c.id == result.id, older).values(_as_row(result)))
    _insert_new(connection, TOPICS, _topic_rows(results))


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
    if row["ended_at"]:
        connection.execute(update(GAPS).where(GAPS.c.id == row["id"], GAPS.c.ended_at == "").values(row))


def _read_revisions(connection: Connection, ids: list[str]) -> dict[str, Revision]:
    rows = _select_keys(connection, select(REVISIONS.c.id, REVISIONS.c.revision, REVISIONS.c.removed), REVISIONS, ids)
    return {row.id: Revision(row.revision, bool(row.removed)) for row in rows}


def _read_versions(connection: Connection, ids: list[str]) -> dict[str, str]:
    rows = _select_keys(connection, select(RESULTS.c.id, RESULTS.c.model_version), RESULTS, ids)
    return {row.id: row.model_version for row in rows}


def _select_keys(connection: Connection, statement: Any, table: Table, ids: list[str]) -> list[Any]:
    rows: list[Any] = []
    for start in range(0, len(ids), _MANY):
        rows += connection.execute(statement.where(table.c.id.in_(ids[start : start + _MANY]))).all()
    return rows


def _delete_keys(connection: Connection, table: Table, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), _MANY):
        connection.execute(delete(table).where(table.c.id.in_(ids[start : start + _MANY])))


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
