"""Counts, shares and their change: the numbers on the page and in ``/api/summary``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from libs.results import BucketCount, Results
from libs.results.periods import Period, choose_period
from sentiment.model.labels import THREE_CLASSES


def summarize(results: Results, topic: str, minutes: int, bucket_seconds: int) -> dict[str, Any]:
    """Return the JSON object of ``/api/summary``; shares are of 1, scores from 0 to 1, times ISO 8601 UTC."""
    period = choose_period(results, minutes)
    buckets = results.count_over_time(topic, period.since, period.before, bucket_seconds)
    earlier = results.count_over_time(topic, period.previous_since, period.since, bucket_seconds)
    now, before = total(buckets), total(earlier)
    return {
        "topic": topic or None,
        "since": period.since,
        "until": period.before,
        "bucket_seconds": bucket_seconds,
        **now,
        "previous": before,
        "change": compare(now, before),
        "buckets": fold_buckets(buckets),
        "topics": summarize_topics(results, period),
        "languages": [
            {"lang": lang or None, "scored": scored, "skipped": skipped}
            for lang, scored, skipped in results.count_languages(period.since, period.before)
        ],
    }


def total(buckets: Iterable[BucketCount]) -> dict[str, Any]:
    """Add buckets up to ``{"posts", "mean_score", "labels": {label: {"count", "share"}}}``."""
    counts, score_sum = dict.fromkeys(THREE_CLASSES, 0), 0.0
    for bucket in buckets:
        counts[bucket.sentiment] += bucket.posts  # type: ignore[index]
        score_sum += bucket.score_sum
    return describe(dict(counts), score_sum)


def describe(counts: dict[Any, int], score_sum: float) -> dict[str, Any]:
    """Return posts, mean score and shares; null where there is nothing to divide by."""
    posts = sum(counts.values())
    labels = {
        label: {"count": counts.get(label, 0), "share": round(counts.get(label, 0) / posts, 4) if posts else None}
        for label in THREE_CLASSES
    }
    return {"posts": posts, "mean_score": round(score_sum / posts, 4) if posts else None, "labels": labels}


def compare(now: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Return the change of volume as a ratio and of shares and score as differences; null without both periods."""
    if not now["posts"] or not before["posts"]:
        return {"posts": None, "mean_score": None, "labels": dict.fromkeys(THREE_CLASSES)}
    return {
        "posts": round(now["posts"] / before["posts"] - 1, 4),
        "mean_score": round(now["mean_score"] - before["mean_score"], 4),
        "labels": {
            label: round(now["labels"][label]["share"] - before["labels"][label]["share"], 4) for label in THREE_CLASSES
        },
    }


def fold_buckets(buckets: Iterable[BucketCount]) -> list[dict[str, Any]]:
    """Return one object per moment, labels side by side."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    sums: dict[str, float] = defaultdict(float)
    for bucket in buckets:
        counts[bucket.start][bucket.sentiment] = bucket.posts
        sums[bucket.start] += bucket.score_sum
    return [
        {
            "start": start,
            **{label: found.get(label, 0) for label in THREE_CLASSES},
            "mean_score": round(sums[start] / sum(found.values()), 4),
        }
        for start, found in sorted(counts.items())
    ]


def summarize_topics(results: Results, period: Period) -> list[dict[str, Any]]:
    """Return each topic's numbers and their change against the period before, the most posted about first."""
    now = _count_topics(results, period.since, period.before)
    before = _count_topics(results, period.previous_since, period.since)
    rows = [
        {"topic": topic, **found, "change": compare(found, before.get(topic, describe({}, 0.0)))}
        for topic, found in now.items()
    ]
    return sorted(rows, key=lambda row: (-row["posts"], row["topic"]))


def _count_topics(results: Results, since: str, before: str) -> dict[str, dict[str, Any]]:
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    sums: dict[str, float] = defaultdict(float)
    for topic, label, count, score_sum in results.count_topics(since, before):
        counts[topic][label] = count
        sums[topic] += score_sum
    return {topic: describe(found, sums[topic]) for topic, found in counts.items()}
