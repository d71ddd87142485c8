"""What the page and the API ask of DynamoDB: hour by hour, since no table scan could answer while a person waits."""

from __future__ import annotations

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from heapq import nlargest, nsmallest
from typing import TYPE_CHECKING, Final, NamedTuple

from libs.results import Bucket, Question, Result
from libs.results.buckets import bucket_start
from libs.results.dynamo_items import ALL, buckets_of_hour, is_alive, read_item
from libs.results.dynamo_tables import BY_TOPIC
from sentiment.labels import NEGATIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from libs.results.dynamo_tables import Item, Tables

_PARALLEL: Final = 6
_LAST: Final = "~"  # sorts behind every date
_MOST_JUDGED: Final = 2_000  # newest negative posts among which the most negative are looked for
_KEPT_HOURS: Final = 50_000


class Tally(NamedTuple):
    """Posts of one stamp (to the second), label and language."""

    stamp: str
    label: str
    lang: str
    posts: int
    score_sum: float


class Hours:
    """Counts by topic and hour, each read again only when something in it has changed."""

    def __init__(self, tables: Tables) -> None:
        """Start knowing nothing."""
        self._tables = tables
        self._known: dict[tuple[str, str], tuple[str, list[Tally]]] = {}

    def find(self, topic: str, since: str = "", before: str = "") -> list[tuple[str, str]]:
        """Return ``(hour, changed_at)`` of the hours that hold posts of a topic, newest first."""
        found = self._tables.query(
            self._tables.ledger,
            "kind = :kind AND id BETWEEN :since AND :before",
            {":kind": f"hours#{topic or ALL}", ":since": since[:13] or "0", ":before": before[:13] or _LAST},
            ScanIndexForward=False,
            ConsistentRead=True,
        )
        return [(item["id"], item["changed_at"]) for item in found]

    def tally(self, topic: str, since: str, before: str) -> Iterator[Tally]:
        """Yield the tallies of a period."""
        hours = self.find(topic, since, before)
        with ThreadPoolExecutor(_PARALLEL) as pool:
            for tallies in pool.map(lambda hour: self._tally_hour(topic or ALL, *hour), hours):
                yield from (
                    tally
                    for tally in tallies
                    if since[:19] <= tally.stamp and (not before or tally.stamp < before[:19])
                )

    def _tally_hour(self, topic: str, hour: str, changed_at: str) -> list[Tally]:
        known = self._known.get((topic, hour))
        if known and known[0] == changed_at:
            return known[1]
        counts: Counter[tuple[str, str, str]] = Counter()
        sums: dict[tuple[str, str, str], float] = defaultdict(float)
        for bucket in buckets_of_hour(topic, "", hour):
            for item in query_bucket(self._tables, topic, bucket):
                key = (item["data"][:19], item["sentiment"], item["lang"])
                counts[key] += 1
                sums[key] += float(item["score"])
        tallies = [Tally(*key, posts, sums[key]) for key, posts in counts.items()]
        if len(self._known) >= _KEPT_HOURS:
            self._known.clear()
        self._known[topic, hour] = (changed_at, tallies)
        return tallies


def query_bucket(tables: Tables, topic: str, bucket: str, since: str = "", before: str = "") -> Iterator[Item]:
    """Yield a bucket's items, newest first: whole results for all posts, short rows for a topic."""
    whole = topic in ("", ALL)
    found = tables.query(
        tables.results if whole else tables.topics,
        "#bucket = :bucket AND #moment BETWEEN :since AND :before",
        {":bucket": bucket, ":since": since or "0", ":before": before or _LAST},
        ScanIndexForward=False,
        ExpressionAttributeNames={"#bucket": "bucket", "#moment": "data" if whole else "moment"},
        **({"IndexName": BY_TOPIC} if whole else {}),
    )
    return (item for item in found if is_alive(item))


def read_results(tables: Tables, hours: Hours, question: Question) -> list[Result]:
    """Return results that match, in the question's order."""
    label = question.sentiment
    if question.order == "most_negative":
        label, most = label or NEGATIVE, _MOST_JUDGED
    else:
        most = question.limit
    rows: list[Item] = []
    for hour, _ in hours.find(question.topic, question.since, question.before):
        for bucket in buckets_of_hour(question.topic or ALL, label, hour):
            rows += _within(
                query_bucket(tables, question.topic, bucket, question.since, _upper(question.before)), question
            )
        if len(rows) >= most:
            break
    if question.order == "newest":
        chosen = nlargest(question.limit, rows, key=lambda item: (item["data"], item["id"]))
    else:
        chosen = nsmallest(question.limit, rows, key=lambda item: (item["score"], item["id"]))
    return _complete(tables, question.topic, chosen)


def count_over_time(hours: Hours, topic: str, since: str, before: str, bucket_seconds: int) -> list[Bucket]:
    """Return buckets in order of time."""
    found: dict[tuple[str, str], tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for tally in hours.tally(topic, since, before):
        key = (bucket_start(tally.stamp, bucket_seconds), tally.label)
        found[key] = (found[key][0] + tally.posts, found[key][1] + tally.score_sum)
    return [Bucket(start, label, *found[start, label]) for start, label in sorted(found)]


def count_topics(tables: Tables, hours: Hours, since: str, before: str) -> list[tuple[str, str, int, float]]:
    """Return posts and sum of scores by topic and label."""
    rows = []
    for item in tables.query(tables.ledger, "kind = :kind", {":kind": "topic"}):
        totals: dict[str, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
        for tally in hours.tally(item["id"], since, before):
            totals[tally.label] = (totals[tally.label][0] + tally.posts, totals[tally.label][1] + tally.score_sum)
        rows += [(item["id"], label, *totals[label]) for label in sorted(totals)]
    return rows


def count_languages(tables: Tables, hours: Hours, since: str, before: str) -> list[tuple[str, int, int]]:
    """Return scored and skipped posts by language, most first."""
    scored: Counter[str] = Counter()
    for tally in hours.tally("", since, before):
        scored[tally.lang] += tally.posts
    skipped = Counter(item["lang"] for item in _read_skipped(tables, since, before))
    rows = [(lang, scored[lang], skipped[lang]) for lang in scored | skipped]
    return sorted(rows, key=lambda row: -row[1] - row[2])


def _read_skipped(tables: Tables, since: str, before: str) -> Iterator[Item]:
    bounds = {":kind": "skipped_hours", ":since": since[:13] or "0", ":before": before[:13] or _LAST}
    for hour in tables.query(tables.ledger, "kind = :kind AND id BETWEEN :since AND :before", bounds):
        for item in tables.query(tables.ledger, "kind = :kind", {":kind": f"skipped#{hour['id']}"}):
            if since <= item["data"] and (not before or item["data"] < before):
                yield item


def _upper(before: str) -> str:
    return before.partition("#")[0] + _LAST if before else ""


def _within(items: Iterator[Item], question: Question) -> Iterator[Item]:
    moment, _, post = question.before.partition("#")
    for item in items:
        if item["data"] < question.since:
            continue
        if moment and item["data"] >= moment and not (post and item["data"] == moment and item["id"] < post):
            continue
        yield item


def _complete(tables: Tables, topic: str, chosen: list[Item]) -> list[Result]:
    if not topic:
        return [read_item(item) for item in chosen]
    whole = {
        item["id"]: read_item(item) for item in tables.get(tables.results, [{"id": item["id"]} for item in chosen])
    }
    return [whole[item["id"]] for item in chosen if item["id"] in whole]
