"""Counts of posts by hour: an hour is read again when something in it has changed, one that takes long less often.

DynamoDB counts nothing by itself, so an hour's rows have to be read to be counted. The index holds no texts, one pass
counts all topics at once, and the counts of an hour that took a while to read are kept for ten times as long: a
page that stays open costs at most a tenth of the time, however many posts an hour has.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from libs.results.dynamodb.attributes import Item
from libs.results.dynamodb.items import ALL, buckets_of_hour, is_alive
from libs.results.dynamodb.tables import BY_TOPIC, Tables

_PARALLEL: Final = 8
_LAST: Final = "~"  # sorts behind every date
_KEPT_FACTOR: Final = 10.0  # counts are kept for this many times as long as reading them took
_QUICK_SECONDS: Final = 1.0  # what is read within this is read anew at once
_KEPT_TALLIES: Final = 500_000  # some 100 MB; an hour has one for each second, label, language and topic at most

Counts = dict[str, "list[Tally]"]
"""An hour's tallies by topic, ``*`` for all posts."""


class Tally(NamedTuple):
    """Posts of one stamp (to the second), label and language; skipped posts have no label."""

    stamp: str
    label: str
    lang: str
    posts: int
    score_sum: float


class _Known(NamedTuple):
    changed_at: str
    valid_until: float
    counts: Counts
    size: int


class Hours:
    """Counts by hour of scored posts, and of skipped ones."""

    def __init__(self, tables: Tables) -> None:
        """Start with nothing counted."""
        self._tables = tables
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def find(self, topic: str, since: str = "", before: str = "") -> list[tuple[str, str]]:
        """Return ``(hour, changed_at)`` of the hours that hold posts of a topic, newest first."""
        return self._find(f"hours#{topic or ALL}", since, before)

    def tally(self, topic: str, since: str, before: str) -> Iterator[Tally]:
        """Yield the tallies of a period; ``topic`` empty = all posts, each once."""
        for counts in self.count(since, before):
            yield from counts.get(topic or ALL, ())

    def count(self, since: str, before: str) -> list[Counts]:
        """Return the tallies of each hour of a period by topic."""
        return self._count("hours#*", since, before, self._buckets_of, _count_posts)

    def tally_skipped(self, since: str, before: str) -> Iterator[Tally]:
        """Yield the tallies of posts that were not scored."""
        for counts in self._count("skipped_hours", since, before, self._skipped_of, _count_skipped):
            yield from counts[ALL]

    def _find(self, kind: str, since: str, before: str) -> list[tuple[str, str]]:
        found = self._tables.query(
            self._tables.ledger,
            "kind = :kind AND id BETWEEN :since AND :before",
            {":kind": kind, ":since": since[:13] or "0", ":before": before[:13] or _LAST},
            ScanIndexForward=False,
            ConsistentRead=True,
        )
        return [(item["id"], item["changed_at"]) for item in found]

    def _count(
        self,
        kind: str,
        since: str,
        before: str,
        parts_of: Callable[[str], list[Callable[[], list[Item]]]],
        count: Callable[[Iterator[Item]], Counts],
    ) -> list[Counts]:
        hours = self._find(kind, since, before)
        known = {hour: self._recall(f"{kind}#{hour}", changed_at) for hour, changed_at in hours}
        with ThreadPoolExecutor(_PARALLEL) as pool:
            started = time.monotonic()
            reading = [
                (hour, changed_at, [pool.submit(part) for part in parts_of(hour)])
                for hour, changed_at in hours
                if known[hour] is None
            ]
            for hour, changed_at, parts in reading:
                counts = count(item for part in parts for item in part.result())
                known[hour] = counts
                self._remember(f"{kind}#{hour}", changed_at, time.monotonic() - started, counts)
        return [_cut(known[hour] or {}, since, before) for hour, _ in hours]

    def _buckets_of(self, hour: str) -> list[Callable[[], list[Item]]]:
        return [
            lambda bucket=bucket: list(query_bucket(self._tables, "", bucket))  # type: ignore[misc]
            for bucket in buckets_of_hour(ALL, "", hour)
        ]

    def _skipped_of(self, hour: str) -> list[Callable[[], list[Item]]]:
        values = {":kind": f"skipped#{hour}"}
        return [lambda: list(filter(is_alive, self._tables.query(self._tables.ledger, "kind = :kind", values)))]

    def _recall(self, key: str, changed_at: str) -> Counts | None:
        known = self._known.get(key)
        fresh = known and (known.changed_at == changed_at or time.monotonic() < known.valid_until)
        return known.counts if known and fresh else None

    def _remember(self, key: str, changed_at: str, took_seconds: float, counts: Counts) -> None:
        kept_seconds = _KEPT_FACTOR * took_seconds if took_seconds > _QUICK_SECONDS else 0.0
        size = sum(map(len, counts.values()))
        with self._lock:
            self._known.pop(key, None)
            self._known[key] = _Known(changed_at, time.monotonic() + kept_seconds, counts, size)
            total = sum(known.size for known in self._known.values())
            while total > _KEPT_TALLIES and len(self._known) > 1:  # what was read longest ago goes first
                total -= self._known.pop(next(iter(self._known))).size


def query_bucket(
    tables: Tables, topic: str, bucket: str, since: str = "", before: str = "", **options: int
) -> Iterator[Item]:
    """Yield a bucket's short rows (no texts), newest first."""
    everything = topic in ("", ALL)
    found = tables.query(
        tables.results if everything else tables.topics,
        "#bucket = :bucket AND #moment BETWEEN :since AND :before",
        {":bucket": bucket, ":since": since or "0", ":before": before or _LAST},
        ScanIndexForward=False,
        ExpressionAttributeNames={"#bucket": "bucket", "#moment": "data" if everything else "moment"},
        **({"IndexName": BY_TOPIC} if everything else {}),
        **options,
    )
    return (item for item in found if is_alive(item))


def _count_posts(items: Iterator[Item]) -> Counts:
    posts: Counter[tuple[str, str, str, str]] = Counter()
    sums: dict[tuple[str, str, str, str], float] = defaultdict(float)
    for item in items:
        for topic in (ALL, *item["topics"]):
            key = (topic, item["data"][:19], item["sentiment"], item["lang"])
            posts[key] += 1
            sums[key] += float(item["score"])
    counts: Counts = defaultdict(list)
    for key, number in posts.items():
        topic, stamp, label, lang = key
        counts[topic].append(Tally(stamp, label, lang, number, sums[key]))
    return dict(counts)


def _count_skipped(items: Iterator[Item]) -> Counts:
    posts = Counter((item["data"][:19], item["lang"]) for item in items)
    return {ALL: [Tally(stamp, "", lang, number, 0.0) for (stamp, lang), number in posts.items()]}


def _cut(counts: Counts, since: str, before: str) -> Counts:
    """Leave out what lies before or behind the period, which may begin and end within an hour."""
    first, end = since[:19], before[:19] or _LAST
    return {topic: [tally for tally in found if first <= tally.stamp < end] for topic, found in counts.items()}
