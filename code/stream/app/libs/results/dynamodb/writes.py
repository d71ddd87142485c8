"""How a batch reaches DynamoDB: every step may be repeated after a crash, and the post's own row is what decides.

New posts are looked up first and, where one process alone stores them, go in batches, which take no conditions: the
key makes a repeated one harmless. A post that is there already, or that another worker may store at this moment, is
written under a condition, so that an older model never overwrites a newer one, whichever is written first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from libs.results.dynamodb.attributes import Item
from libs.results.dynamodb.changes import NEWER, RowChange, newer_than, plan_change
from libs.results.dynamodb.items import (
    expires_in,
    hours_of,
    is_alive,
    make_item,
    make_topic_items,
    read_stored,
    topic_key,
)  # fmt: skip
from libs.results.dynamodb.tables import Tables
from libs.results.revisions import KEPT_DAYS, Revision, is_admitted
from libs.values.result import Result, ResultBatch
from libs.values.times import now
from libs.values.tweet import Removal
from sentiment.errors import TransientError

_NEVER_EDITED: Final = frozenset({"replay"})  # sources whose posts have no later versions to look up


class Writer:
    """Writes batches to the three tables; one that was cut short is written again as a whole."""

    def __init__(self, tables: Tables, retention_days: int, *, many_writers: bool) -> None:
        """``many_writers``: whether other processes may store the same new posts at the same time."""
        self._tables = tables
        self._retention_days = retention_days
        self._many_writers = many_writers

    def write(self, batch: ResultBatch) -> None:
        """Write everything."""
        self._remove(batch.removals)
        self._write_results(batch)
        for gap in batch.gaps:
            # An open gap never reopens one that is closed, and of two ends the later counts.
            item = {"kind": "gap", **gap._asdict()}
            self._tables.put_if(
                self._tables.ledger, item, "attribute_not_exists(id) OR ended_at < :ended", {":ended": gap.ended_at}
            )
        expiry = expires_in(self._retention_days)
        letters = {letter.id: {"kind": "dead_letter", **letter._asdict(), **expiry} for letter in batch.dead_letters}
        buried = [{"kind": "dead_letter", "id": letter} for letter in set(batch.buried) - letters.keys()]
        self._write_ledger(list(letters.values()), buried)
        skipped = {row.id: {"kind": f"skipped#{row.data[:13]}", **row._asdict(), **expiry} for row in batch.skipped}
        self._write_ledger(list(skipped.values()))
        self._tables.put_all(self._make_touches({("skipped_hours", row.data[:13]) for row in batch.skipped}))

    def _write_results(self, batch: ResultBatch) -> None:
        results = {result.id: result for result in batch.results}  # of one id twice in a batch the later wins
        known = self._read_revisions(list(results.values()))
        admitted = [result for result in results.values() if is_admitted(result, batch, known)]
        found = self._tables.get(self._tables.results, [{"id": result.id} for result in admitted])
        stored = {item["id"]: read_stored(item) for item in found if is_alive(item)}
        edited = [result.id for result in admitted if result.id in batch.edited]
        self._write_revisions({post: Revision(batch.revisions[post], removed=False) for post in edited})
        current = self._create([r for r in admitted if r.id not in stored and r.id not in batch.rescored], batch)
        current += self._replace(
            [plan_change(stored[result.id], result, batch) for result in admitted if result.id in stored]
        )
        # A crash may have come between a post's row and its topics': they are written again with what is stored.
        self._index(current)
        if self._many_writers:
            self._retract(list(results.values()), batch)

    def _create(self, results: list[Result], batch: ResultBatch) -> list[Result]:
        """Store new posts and return what is stored of them now. ``TransientError("results_race")`` as in ``_replace``."""
        if not self._many_writers:
            items = [make_item(row, batch.revisions.get(row.id, ""), self._retention_days) for row in results]
            self._tables.write(self._tables.results, items)
            return results
        puts = [partial(self._put_newest, row, batch.revisions.get(row.id, "")) for row in results]
        written = self._tables.run_together(puts)
        refused = [result for result, first in zip(results, written, strict=True) if not first]
        found = self._tables.get(self._tables.results, [{"id": result.id} for result in refused])
        others = {item["id"]: read_stored(item) for item in found}
        if len(others) < len(refused):  # an older version was there, which its worker has deleted since
            raise _met_another_worker()
        changes = [plan_change(others[result.id], result, batch) for result in refused]
        return [result for result, first in zip(results, written, strict=True) if first] + self._replace(changes)

    def _put_newest(self, result: Result, revision: str) -> bool:
        item = make_item(result, revision, self._retention_days)
        condition = f"attribute_not_exists(id) OR ({NEWER})"
        return self._tables.put_if(self._tables.results, item, condition, newer_than(result, revision))

    def _replace(self, changes: list[RowChange]) -> list[Result]:
        """Replace stored results where the new ones are to win, and return those that did, old or new.

        ``TransientError("results_race")`` when an edit met another worker's write: the batch has to be stored again.
        """
        due = [change for change in changes if change.condition]
        puts = [
            partial(
                self._tables.put_if,
                self._tables.results,
                make_item(change.new, change.revision, self._retention_days),
                change.condition,
                change.values,
            )
            for change in due
        ]
        made = [change for change, done in zip(due, self._tables.run_together(puts), strict=True) if done]
        self._unindex([change.old for change in made])
        if any(change.due and change not in made for change in due):
            raise _met_another_worker()
        replaced = {change.new.id: change.new for change in made}
        return [replaced.get(change.old.id, change.old) for change in changes]

    def _index(self, results: list[Result]) -> None:
        items = [item for result in results for item in make_topic_items(result, self._retention_days)]
        self._tables.put_all(
            [(self._tables.topics, item) for item in items] + self._make_touches(_keys_of_hours(results))
        )

    def _unindex(self, results: list[Result]) -> None:
        keys = [topic_key(item) for result in results for item in make_topic_items(result, 0)]
        self._tables.write(self._tables.topics, deletes=keys)
        self._tables.put_all(self._make_touches(_keys_of_hours(results)))

    def _retract(self, results: list[Result], batch: ResultBatch) -> None:
        """Delete what another worker has removed, or noted a later version of, since it was looked up.

        That worker writes the revision before it looks for the row, this one the row before it looks for the revision:
        so one of them sees the other. What is stored by now may be that worker's: each row is judged by its own revision.
        """
        known = self._read_revisions(results)
        late = [result.id for result in results if not is_admitted(result, batch, known)]
        self._delete_older({post: known[post] for post in late})

    def _remove(self, removals: Sequence[Removal]) -> None:
        revisions: dict[str, Revision] = {}
        for removal in removals:
            if removal.id not in revisions or removal.revision >= revisions[removal.id].revision:
                revisions[removal.id] = Revision(removal.revision, removed=True)
        valid = self._write_revisions(revisions)
        self._delete_older({post: revisions[post] for post in valid})

    def _delete_older(self, known: dict[str, Revision]) -> None:
        """Delete the rows that what is known of their posts' versions does not admit."""
        found = [read_stored(item) for item in self._tables.get(self._tables.results, [{"id": post} for post in known])]
        for old in [row.result for row in found if not known[row.result.id].admits(row.revision)]:
            moment = {":moment": old.analyzed_at}
            if self._tables.delete_if(self._tables.results, {"id": old.id}, "analyzed_at = :moment", moment):
                self._unindex([old])

    def _make_touches(self, hours: set[tuple[str, str]]) -> list[tuple[str, Item]]:
        """Return the notes that what these hours hold has changed, so that it is counted anew."""
        moment = now()
        return [(self._tables.ledger, {"kind": kind, "id": hour, "changed_at": moment}) for kind, hour in hours]

    def _write_ledger(self, puts: Sequence[Item], deletes: Sequence[Item] = ()) -> None:
        self._tables.write(self._tables.ledger, puts, deletes)

    def _write_revisions(self, revisions: dict[str, Revision]) -> list[str]:
        """Note versions, and return the ids of those that no newer one is known of."""
        noted = self._tables.run_together([partial(self._write_revision, *row) for row in revisions.items()])
        return [post for post, done in zip(revisions, noted, strict=True) if done]

    def _write_revision(self, post: str, revision: Revision) -> bool:
        item = {"kind": f"revision#{post}", "id": "newest", **revision._asdict(), **expires_in(KEPT_DAYS)}
        condition = "attribute_not_exists(revision) OR revision <= :revision"
        return self._tables.put_if(self._tables.ledger, item, condition, {":revision": revision.revision})

    def _read_revisions(self, results: Sequence[Result]) -> dict[str, Revision]:
        keys = [
            {"kind": f"revision#{result.id}", "id": "newest"}
            for result in results
            if result.source not in _NEVER_EDITED
        ]
        alive = (item for item in self._tables.get(self._tables.ledger, keys) if is_alive(item))
        return {
            item["kind"].removeprefix("revision#"): Revision(item["revision"], bool(item["removed"])) for item in alive
        }


def _met_another_worker() -> TransientError:
    return TransientError("another worker wrote the same post at this moment", code="results_race")


def _keys_of_hours(results: list[Result]) -> set[tuple[str, str]]:
    return {(f"hours#{topic}", hour) for topic, hour in hours_of(results)}
