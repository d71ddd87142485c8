"""Results in DynamoDB: the interface over ``writes`` and ``reads``."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from libs.results import BucketCount, LanguageCount, ResultsQuery, StoredCounts, TopicCount
from libs.results.dynamodb import reads, writes
from libs.results.dynamodb.creation import create_missing
from libs.results.dynamodb.hours import Hours
from libs.results.dynamodb.items import is_alive, read_item
from libs.results.dynamodb.tables import Tables
from libs.values.position import Position
from libs.values.result import Result, ResultBatch
from libs.values.tweet import DeadLetter, Gap

_COUNTS_LAST: Final = 10.0  # a count by scan is kept for this many times as long as it took


class DynamoResults:
    """See ``libs.results.Results``."""

    def __init__(self, table: str, retention_days: int, *, many_writers: bool) -> None:
        """``table``: name of the results' table; two more are named after it."""
        self._tables = Tables(table)
        self._hours = Hours(self._tables)
        self._writer = writes.Writer(self._tables, retention_days, many_writers=many_writers)
        self._counts: tuple[float, StoredCounts] = (0.0, {"stored": 0, "dead_letters": 0, "skipped": 0, "removed": 0})

    def prepare(self) -> None:
        """Create the tables that are absent."""
        create_missing(self._tables)

    def store(self, batch: ResultBatch) -> None:
        """Write row by row and batch by batch; safe to repeat."""
        self._writer.write(batch)

    def read(self, query: ResultsQuery) -> list[Result]:
        """Query the hours that hold posts."""
        return reads.read_results(self._tables, self._hours, query)

    def read_by_id(self, ids: Sequence[str]) -> dict[str, Result]:
        """Get by key."""
        items = self._tables.get(self._tables.results, [{"id": post} for post in dict.fromkeys(ids)])
        return {item["id"]: read_item(item) for item in items if is_alive(item)}

    def count_over_time(self, topic: str, since: str, before: str, bucket_seconds: int) -> list[BucketCount]:
        """Add up hours."""
        return reads.count_over_time(self._hours, topic, since, before, bucket_seconds)

    def count_topics(self, since: str, before: str) -> list[TopicCount]:
        """Add up hours."""
        return reads.count_topics(self._hours, since, before)

    def count_languages(self, since: str, before: str) -> list[LanguageCount]:
        """Add up hours."""
        return reads.count_languages(self._hours, since, before)

    def count_all(self) -> StoredCounts:
        """Scan for counts; an answer is kept for ten times as long as it took to get."""
        valid_until, counts = self._counts
        started = time.monotonic()
        if started >= valid_until:
            counts = self._count_all()
            ended = time.monotonic()
            self._counts = (ended + _COUNTS_LAST * (ended - started), counts)
        return counts

    def count_dead_letters(self) -> int:
        """Count them in the ledger."""
        return self._tables.count(self._tables.ledger, "kind = :kind", {":kind": "dead_letter"})

    def read_newest_date(self) -> str:
        """Read the heads of the newest hour that is not in the future."""
        return reads.read_newest_date(self._tables, self._hours)

    def read_newest_version(self) -> str:
        """Read it off the newest posts."""
        return max((result.model_version for result in self.read(ResultsQuery(limit=200))), default="")

    def read_gaps(self, limit: int) -> list[Gap]:
        """Query the ledger."""
        rows = [Gap(**{name: item[name] for name in Gap._fields}) for item in self._ledger("gap")]
        return sorted(rows, key=lambda gap: gap.started_at, reverse=True)[:limit]

    def read_dead_letters(self, limit: int) -> list[DeadLetter]:
        """Query the ledger."""
        rows = [_make_letter(item) for item in self._ledger("dead_letter") if is_alive(item)]
        return sorted(rows, key=lambda letter: letter.died_at, reverse=True)[:limit]

    def read_dead_letter(self, letter: str) -> DeadLetter | None:
        """Get by key."""
        found = self._tables.get(self._tables.ledger, [{"kind": "dead_letter", "id": letter}])
        return _make_letter(found[0]) if found else None

    def read_position(self, key: str) -> Position:
        """Get by key."""
        found = self._tables.get(self._tables.ledger, [{"kind": "position", "id": key}])
        if not found:
            return Position()
        item = found[0]
        return Position(item["cursor"], item["seen_at"], int(item["emitted"]), bool(item["finished"]))

    def write_position(self, key: str, position: Position) -> None:
        """Put by key."""
        self._tables.write(self._tables.ledger, [{"kind": "position", "id": key, **position._asdict()}])

    def read_outdated(self, model_version: str) -> Iterator[Result]:
        """Scan, which only ``backfill`` asks for."""
        pages = self._tables.scan(
            self._tables.results,
            FilterExpression="model_version < :version",
            ExpressionAttributeValues={":version": {"S": model_version}},
        )
        return (read_item(item) for page in pages for item in page["Items"] if is_alive(item))

    def prune(self, before: str) -> int:  # noqa: ARG002 - the interface
        """Do nothing: DynamoDB expires items by itself, and reads leave out what it has not deleted yet."""
        return 0

    def check(self) -> None:
        """Create what is absent and write a row that means nothing."""
        self.prepare()
        self._tables.write(self._tables.ledger, [{"kind": "check", "id": "check"}])

    def close(self) -> None:
        """End what the client holds."""
        self._tables.close()

    def _ledger(self, kind: str) -> Iterator[Any]:
        return self._tables.query(self._tables.ledger, "kind = :kind", {":kind": kind}, ConsistentRead=True)

    def _count_all(self) -> StoredCounts:
        pages = self._tables.scan(self._tables.results, Select="COUNT", ConsistentRead=True)
        stored = sum(page["Count"] for page in pages)
        kinds: Counter[str] = Counter()
        names = {"ProjectionExpression": "kind, removed", "ConsistentRead": True}
        for page in self._tables.scan(self._tables.ledger, **names):
            for item in page["Items"]:
                kinds[item["kind"].partition("#")[0]] += 1
                kinds["removed"] += bool(item.get("removed"))
        return {
            "stored": stored,
            "dead_letters": kinds["dead_letter"],
            "skipped": kinds["skipped"],
            "removed": kinds["removed"],
        }


def _make_letter(item: dict[str, Any]) -> DeadLetter:
    fields = {name: item[name] for name in DeadLetter._fields}
    return DeadLetter(**{**fields, "original": bytes(item["original"])})
