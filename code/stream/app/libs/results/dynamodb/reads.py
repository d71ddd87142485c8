"""What the page and the API ask of DynamoDB: hour by hour, since no table scan could answer while a person waits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from heapq import nlargest, nsmallest
from typing import Final

from libs.results import BucketCount, LanguageCount, ResultsQuery, TopicCount
from libs.results.dynamodb.attributes import Item
from libs.results.dynamodb.hours import Hours, Tally, query_bucket
from libs.results.dynamodb.items import ALL, buckets_of_hour, is_alive, read_item
from libs.results.dynamodb.tables import Tables
from libs.values.result import Result
from libs.values.times import bucket_start, now
from sentiment.model.labels import NEGATIVE

_LAST: Final = "~"  # sorts behind every date
_MOST_JUDGED: Final = 2_000  # newest negative posts among which the most negative are looked for
_LEAST_PAGE: Final = 20


def read_results(tables: Tables, hours: Hours, query: ResultsQuery) -> list[Result]:
    """Return results that match, in the query's order."""
    label, most = query.sentiment, query.limit
    if query.order == "most_negative":
        label, most = label or NEGATIVE, _MOST_JUDGED
    rows: list[Item] = []
    for hour, _ in hours.find(query.topic, query.since, query.before):
        for bucket in buckets_of_hour(query.topic or ALL, label, hour):
            rows += _take_newest(_query_within(tables, bucket, query, most), most)
        if len(rows) >= most:
            break
    if query.order == "newest":
        chosen = nlargest(query.limit, rows, key=lambda item: (item["data"], item["id"]))
    else:
        chosen = nsmallest(query.limit, rows, key=lambda item: (item["score"], item["id"]))
    results = _complete(tables, chosen, query)
    if query.order == "newest" and len(results) < query.limit == len(chosen):
        last = chosen[-1]  # some rows are gone since: the page is filled up with those behind
        rest = query._replace(before=f"{last['data']}#{last['id']}", limit=query.limit - len(results))
        results += read_results(tables, hours, rest)
    return results


def count_over_time(hours: Hours, topic: str, since: str, before: str, bucket_seconds: int) -> list[BucketCount]:
    """Return buckets in order of time."""
    found: dict[tuple[str, str], tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for tally in hours.tally(topic, since, before):
        _add(found, (bucket_start(tally.stamp, bucket_seconds), tally.label), tally)
    return [BucketCount(start, label, *found[start, label]) for start, label in sorted(found)]


def count_topics(hours: Hours, since: str, before: str) -> list[TopicCount]:
    """Return posts and sum of scores by topic and label."""
    found: dict[tuple[str, str], tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for counts in hours.count(since, before):
        for topic, tallies in counts.items():
            for tally in tallies if topic != ALL else ():
                _add(found, (topic, tally.label), tally)
    return [TopicCount(topic, label, *found[topic, label]) for topic, label in sorted(found)]


def count_languages(hours: Hours, since: str, before: str) -> list[LanguageCount]:
    """Return scored and skipped posts by language, most first."""
    scored, skipped = Counter[str](), Counter[str]()
    for tally in hours.tally("", since, before):
        scored[tally.lang] += tally.posts
    for tally in hours.tally_skipped(since, before):
        skipped[tally.lang] += tally.posts
    rows = [LanguageCount(lang, scored[lang], skipped[lang]) for lang in scored | skipped]
    return sorted(rows, key=lambda row: -row.scored - row.skipped)


def read_newest_date(tables: Tables, hours: Hours) -> str:
    """Return the newest date that is not in the future: some users' clocks are wrong by years."""
    moment = now()
    for hour, _ in hours.find("", "", moment):
        newest = [
            next((item["data"] for item in query_bucket(tables, "", bucket, before=moment, Limit=_LEAST_PAGE)), "")
            for bucket in buckets_of_hour(ALL, "", hour)
        ]
        if any(newest):
            return max(newest)
    return ""


def _add(found: dict[tuple[str, str], tuple[int, float]], key: tuple[str, str], tally: Tally) -> None:
    posts, score_sum = found[key]
    found[key] = (posts + tally.posts, score_sum + tally.score_sum)


def _query_within(tables: Tables, bucket: str, query: ResultsQuery, most: int) -> Iterator[Item]:
    moment, _, post = query.before.partition("#")
    upper = moment + _LAST if moment else ""
    for item in query_bucket(tables, query.topic, bucket, query.since, upper, Limit=max(most, _LEAST_PAGE)):
        if item["data"] < query.since:
            continue
        if moment and item["data"] >= moment and not (post and item["data"] == moment and item["id"] < post):
            continue
        yield item


def _take_newest(items: Iterator[Item], most: int) -> Iterator[Item]:
    """Yield the first ``most``, and those of the last one's very moment: the index does not order them by id."""
    last = ""
    for number, item in enumerate(items, start=1):
        if number > most and item["data"] != last:
            return
        last = item["data"]
        yield item


def _complete(tables: Tables, chosen: list[Item], query: ResultsQuery) -> list[Result]:
    """Fetch the whole rows as they are now: the short ones lag behind by a moment."""
    ids = list(dict.fromkeys(item["id"] for item in chosen))
    found = tables.get(tables.results, [{"id": post} for post in ids])
    whole = {item["id"]: read_item(item) for item in found if is_alive(item)}
    results = [whole[post] for post in ids if post in whole]
    return [result for result in results if not query.sentiment or result.sentiment == query.sentiment]
