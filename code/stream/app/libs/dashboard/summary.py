"""Counts, shares and their change against the period before: the numbers on the page and in ``/api/summary``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from libs.dashboard.totals import ComparedTotals, PeriodTotals, add_up, compare, make_totals
from libs.results import BucketCount, LanguageCount, Results
from libs.results.periods import Period, choose_period
from sentiment.model.labels import THREE_CLASSES


@dataclass(frozen=True)
class TopicSummary(ComparedTotals):
    """The numbers of one topic."""

    topic: str


@dataclass(frozen=True)
class BucketSummary:
    """The posts of one stretch of the period by label."""

    start: str
    counts: dict[str, int]
    mean_score: float


@dataclass(frozen=True)
class PeriodSummary(ComparedTotals):
    """The numbers of a period, over time, by topic and by language. Times are ISO 8601 UTC."""

    topic: str
    """Empty for all posts."""
    since: str
    until: str
    bucket_seconds: int
    previous: PeriodTotals
    buckets: list[BucketSummary]
    """In order of time; those without posts are left out."""
    topics: list[TopicSummary]
    """The most posted about first."""
    languages: list[LanguageCount]


def summarize(results: Results, topic: str, minutes: int, bucket_seconds: int) -> PeriodSummary:
    """Return the numbers of the period of that length that ends now, or with the newest post of an old replay."""
    period = choose_period(results, minutes)
    buckets = results.count_over_time(topic, period.since, period.before, bucket_seconds)
    now = add_up(buckets)
    previous = add_up(results.count_over_time(topic, period.previous_since, period.since, bucket_seconds))
    return PeriodSummary(
        topic=topic,
        since=period.since,
        until=period.before,
        bucket_seconds=bucket_seconds,
        posts=now.posts,
        mean_score=now.mean_score,
        labels=now.labels,
        previous=previous,
        change=compare(now, previous),
        buckets=fold_buckets(buckets),
        topics=summarize_topics(results, period),
        languages=results.count_languages(period.since, period.before),
    )


def as_json(summary: PeriodSummary) -> dict[str, Any]:
    """Return a summary as the JSON object of ``/api/summary``: buckets with their labels side by side, null for unknown."""
    return {
        "topic": summary.topic or None,
        "since": summary.since,
        "until": summary.until,
        "bucket_seconds": summary.bucket_seconds,
        **_show_totals(summary),
        "previous": _show_totals(summary.previous),
        "change": asdict(summary.change),
        "buckets": [
            {"start": bucket.start, **bucket.counts, "mean_score": bucket.mean_score} for bucket in summary.buckets
        ],
        "topics": [{"topic": row.topic, **_show_totals(row), "change": asdict(row.change)} for row in summary.topics],
        "languages": [
            {"lang": row.lang or None, "scored": row.scored, "skipped": row.skipped} for row in summary.languages
        ],
    }


def fold_buckets(buckets: Iterable[BucketCount]) -> list[BucketSummary]:
    """Return one row per moment, labels side by side."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    sums: dict[str, float] = defaultdict(float)
    for bucket in buckets:
        counts[bucket.start][bucket.sentiment] = bucket.posts
        sums[bucket.start] += bucket.score_sum
    return [
        BucketSummary(
            start,
            {label: found.get(label, 0) for label in THREE_CLASSES},
            round(sums[start] / sum(found.values()), 4),
        )
        for start, found in sorted(counts.items())
    ]


def summarize_topics(results: Results, period: Period) -> list[TopicSummary]:
    """Return each topic's numbers and their change against the period before, the most posted about first."""
    now = _count_topics(results, period.since, period.before)
    before = _count_topics(results, period.previous_since, period.since)
    rows = [
        TopicSummary(
            topic=topic,
            posts=found.posts,
            mean_score=found.mean_score,
            labels=found.labels,
            change=compare(found, before.get(topic, make_totals({}, 0.0))),
        )
        for topic, found in now.items()
    ]
    return sorted(rows, key=lambda row: (-row.posts, row.topic))


def _count_topics(results: Results, since: str, before: str) -> dict[str, PeriodTotals]:
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    sums: dict[str, float] = defaultdict(float)
    for row in results.count_topics(since, before):
        counts[row.topic][row.sentiment] = row.posts
        sums[row.topic] += row.score_sum
    return {topic: make_totals(found, sums[topic]) for topic, found in counts.items()}


def _show_totals(totals: PeriodTotals) -> dict[str, Any]:
    labels = {label: asdict(found) for label, found in totals.labels.items()}
    return {"posts": totals.posts, "mean_score": totals.mean_score, "labels": labels}
