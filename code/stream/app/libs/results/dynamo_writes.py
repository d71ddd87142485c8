"""How a batch reaches DynamoDB: every step may be repeated after a crash, and the post's own row is what decides.

New posts are looked up first and, where one process alone stores them, go in batches, which take no conditions. A post
that is there already, or that another worker may store at this moment, is written under a condition, so that an older
model never overwrites a newer one, whoever is first.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
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
    from libs.results.dynamo_tables import Item, Tables
    from libs.tweet import Removal

_PARALLEL: Final = 8
_NEVER_EDITED: Final = frozenset({"replay"})  # sources whose posts have no later versions to look up


class Writer:
    """Writes batches; each may be written again in part or whole without harm."""

    def __init__(self, tables: Tables, retention_days: int, *, many_writers: bool) -> None:
        """``many_writers``: whether other processes may store the same new posts at the same time."""
        self._tables = tables
        self._retention_days = retention_days
        self._many_writers = many_writers

    def write(self, batch: Batch) -> None:
        """Write everything."""
        for removal in batch.removals:
            self._remove(removal)
        self._write_results(batch)
        for gap in batch.gaps:
            # An open gap never reopens one that is closed.
            item = {"kind": "gap", **gap._asdict()}
            self._tables.put_if(
                self._tables.ledger, item, "attribute_not_exists(id) OR ended_at = :open", {":open": ""}
            )
        letters = {letter.id: {"kind": "dead_letter", **letter._asdict()} for letter in batch.dead_letters}
        buried = [{"kind": "dead_letter", "id": letter} for letter in set(batch.buried) - letters.keys()]
        self._write_ledger(list(letters.values()), buried)
        skipped = {row.id: {"kind": f"skipped#{row.data[:13]}", **row._asdict()} for row in batch.skipped}
        self._write_ledger(list(skipped.values()))
        self._write_ledger([{"kind": "skipped_hours", "id": hour} for hour in {row.data[:13] for row in batch.skipped}])

    def _write_results(self, batch: Batch) -> None:
        results = {result.id: result for result in batch.results}  # of one id twice in a batch the later wins
        known = self._read_revisions([result.id for result in results.values() if result.source not in _NEVER_EDITED])
        admitted = [
            result
            for result in results.values()
            if result.id not in known or known[result.id].admits(batch.revisions.get(result.id, ""))
        ]
        found = self._tables.get(self._tables.results, [{"id": result.id} for result in admitted])
        stored = {item["id"]: read_item(item) for item in found if is_alive(item)}
        for result in admitted:
            if result.id in batch.edited:
                self._write_revision(result.id, Revision(batch.revisions[result.id], removed=False))
        current = self._create([result for result in admitted if result.id not in stored])
        for result in admitted:
            if result.id in stored:
                current.append(self._overwrite(stored[result.id], result, edited=result.id in batch.edited))
        # A crash may have come between a post's row and its topics': they are written again with what is stored.
        self._index(current)

    def _create(self, results: list[Result]) -> list[Result]:
        """Store new posts and return what is stored of them now."""
        items = [make_item(result, self._retention_days) for result in results]
        if not self._many_writers:
            self._tables.write(self._tables.results, items)
            return results
        with ThreadPoolExecutor(_PARALLEL) as pool:
            won = list(pool.map(self._put_newest, items))
        lost = [{"id": result.id} for result, first in zip(results, won, strict=True) if not first]
        others = {item["id"]: read_item(item) for item in self._tables.get(self._tables.results, lost)}
        return [others.get(result.id, result) for result in results]

    def _put_newest(self, item: Item) -> bool:
        condition = "attribute_not_exists(id) OR model_version < :version"
        return self._tables.put_if(self._tables.results, item, condition, {":version": item["model_version"]})

    def _overwrite(self, old: Result, result: Result, *, edited: bool) -> Result:
        """Replace a stored result if the new one is to win, and return the one that did."""
        if not edited and result.model_version <= old.model_version:
            return old
        condition, values = "model_version < :version", {":version": result.model_version}
        if edited:
            condition, values = "analyzed_at < :moment", {":moment": result.analyzed_at}
        if not self._tables.put_if(self._tables.results, make_item(result, self._retention_days), condition, values):
            return old
        self._tables.write(self._tables.topics, deletes=[topic_key(item) for item in make_topic_items(old, 0)])
        self._touch_hours([old])
        return result

    def _index(self, results: list[Result]) -> None:
        items = [item for result in results for item in make_topic_items(result, self._retention_days)]
        self._tables.write(self._tables.topics, items)
        self._touch_hours(results)
        self._write_ledger(
            [{"kind": "topic", "id": topic} for topic in {t for result in results for t in result.topics}]
        )

    def _remove(self, removal: Removal) -> None:
        if not self._write_revision(removal.id, Revision(removal.revision, removed=True)):
            return
        for item in self._tables.get(self._tables.results, [{"id": removal.id}]):
            old = read_item(item)
            moment = {":moment": old.analyzed_at}
            if self._tables.delete_if(self._tables.results, {"id": old.id}, "analyzed_at = :moment", moment):
                self._tables.write(self._tables.topics, deletes=[topic_key(row) for row in make_topic_items(old, 0)])
                self._touch_hours([old])

    def _touch_hours(self, results: list[Result]) -> None:
        moment = now()
        self._write_ledger(
            [{"kind": f"hours#{topic}", "id": hour, "changed_at": moment} for topic, hour in hours_of(results)]
        )

    def _write_ledger(self, puts: Sequence[Item], deletes: Sequence[Item] = ()) -> None:
        self._tables.write(self._tables.ledger, puts, deletes)

    def _write_revision(self, post: str, revision: Revision) -> bool:
        item = {"kind": f"revision#{post}", "id": "newest", **revision._asdict(), "expires_at": expiry(KEPT_DAYS)}
        condition = "attribute_not_exists(revision) OR revision <= :revision"
        return self._tables.put_if(self._tables.ledger, item, condition, {":revision": revision.revision})

    def _read_revisions(self, ids: Sequence[str]) -> dict[str, Revision]:
        items = self._tables.get(self._tables.ledger, [{"kind": f"revision#{post}", "id": "newest"} for post in ids])
        alive = (item for item in items if is_alive(item))
        return {
            item["kind"].removeprefix("revision#"): Revision(item["revision"], bool(item["removed"])) for item in alive
        }
