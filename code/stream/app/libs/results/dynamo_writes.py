"""How a batch reaches DynamoDB: every step may be repeated after a crash, and the post's own row is what decides.

New posts go in batches, which take no conditions: they are looked up first. A post that is there already changes only by
a conditional write, so that an older model never overwrites a newer one, whoever is first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from libs.results.dynamo_items import (
    expiry,
    hours_of,
    is_alive,
    make_item,
    make_topic_items,
    read_item,
    topic_key,
)  # fmt: skip
from libs.results.revisions import KEPT_DAYS, Revision
from libs.times import now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from libs.results import Batch, Result
    from libs.results.dynamo_tables import Tables
    from libs.tweet import Gap, Removal

_NEVER_EDITED: Final = frozenset({"replay"})  # sources whose posts have no later versions to look up


def write_batch(tables: Tables, batch: Batch, retention_days: int) -> None:
    """Write everything; the batch may be written again in part or whole without harm."""
    for removal in batch.removals:
        _remove(tables, removal)
    _write_results(tables, batch, retention_days)
    for gap in batch.gaps:
        _write_gap(tables, gap)
    letters = [
        {"kind": "dead_letter", **letter._asdict()}
        for letter in {letter.id: letter for letter in batch.dead_letters}.values()
    ]
    written = {letter["id"] for letter in letters}
    buried = [{"kind": "dead_letter", "id": letter} for letter in set(batch.buried) - written]
    tables.write(tables.ledger, letters, buried)
    skipped = {row.id: {"kind": f"skipped#{row.data[:13]}", **row._asdict()} for row in batch.skipped}
    tables.write(tables.ledger, list(skipped.values()))
    tables.write(
        tables.ledger, [{"kind": "skipped_hours", "id": hour} for hour in {row.data[:13] for row in batch.skipped}]
    )


def _write_results(tables: Tables, batch: Batch, retention_days: int) -> None:
    results = {result.id: result for result in batch.results}  # of one id twice in a batch the later wins
    known = _read_revisions(tables, [result.id for result in results.values() if result.source not in _NEVER_EDITED])
    admitted = [
        result
        for result in results.values()
        if result.id not in known or known[result.id].admits(batch.revisions.get(result.id, ""))
    ]
    found = tables.get(tables.results, [{"id": result.id} for result in admitted])
    stored = {item["id"]: read_item(item) for item in found if is_alive(item)}
    new = [result for result in admitted if result.id not in stored]
    tables.write(tables.results, [make_item(result, retention_days) for result in new])
    for result in admitted:
        if result.id in batch.edited:
            _write_revision(tables, result.id, Revision(batch.revisions[result.id], removed=False))
    current = [
        _overwrite(tables, stored[result.id], result, edited=result.id in batch.edited, retention_days=retention_days)
        for result in admitted
        if result.id in stored
    ]
    # A crash may have come between a post's row and its topics': they are written again with what is stored.
    _index(tables, new + current, retention_days)


def _overwrite(tables: Tables, old: Result, result: Result, *, edited: bool, retention_days: int) -> Result:
    """Replace a stored result if the new one is to win, and return the one that did."""
    if not edited and result.model_version <= old.model_version:
        return old
    condition, values = "model_version < :version", {":version": result.model_version}
    if edited:
        condition, values = "model_version <= :version OR analyzed_at < :moment", {
            ":version": result.model_version, ":moment": result.analyzed_at,
        }  # fmt: skip
    if not tables.put_if(tables.results, make_item(result, retention_days), condition, values):
        return old
    tables.write(tables.topics, deletes=[topic_key(item) for item in make_topic_items(old, 0)])
    _touch_hours(tables, [old])
    return result


def _index(tables: Tables, results: list[Result], retention_days: int) -> None:
    tables.write(tables.topics, [item for result in results for item in make_topic_items(result, retention_days)])
    _touch_hours(tables, results)
    topics = {topic for result in results for topic in result.topics}
    tables.write(tables.ledger, [{"kind": "topic", "id": topic} for topic in topics])


def _remove(tables: Tables, removal: Removal) -> None:
    if not _write_revision(tables, removal.id, Revision(removal.revision, removed=True)):
        return
    for item in tables.get(tables.results, [{"id": removal.id}]):
        old = read_item(item)
        if tables.delete_if(tables.results, {"id": old.id}, "analyzed_at = :moment", {":moment": old.analyzed_at}):
            tables.write(tables.topics, deletes=[topic_key(row) for row in make_topic_items(old, 0)])
            _touch_hours(tables, [old])


def _touch_hours(tables: Tables, results: list[Result]) -> None:
    moment = now()
    rows = [{"kind": f"hours#{topic}", "id": hour, "changed_at": moment} for topic, hour in hours_of(results)]
    tables.write(tables.ledger, rows)


def _write_revision(tables: Tables, post: str, revision: Revision) -> bool:
    item = {"kind": f"revision#{post}", "id": "newest", **revision._asdict(), "expires_at": expiry(KEPT_DAYS)}
    condition = "attribute_not_exists(revision) OR revision <= :revision"
    return tables.put_if(tables.ledger, item, condition, {":revision": revision.revision})


def _write_gap(tables: Tables, gap: Gap) -> None:
    item = {"kind": "gap", **gap._asdict()}
    # An open gap never reopens one that is closed: writing an open one again needs a row that is open still.
    tables.put_if(tables.ledger, item, "attribute_not_exists(id) OR ended_at = :open", {":open": ""})


def _read_revisions(tables: Tables, ids: Sequence[str]) -> dict[str, Revision]:
    items = tables.get(tables.ledger, [{"kind": f"revision#{post}", "id": "newest"} for post in ids])
    alive = (item for item in items if is_alive(item))
    return {item["kind"].removeprefix("revision#"): Revision(item["revision"], bool(item["removed"])) for item in alive}
