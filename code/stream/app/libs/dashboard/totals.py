"""Totals of one period, by label, and their change from one period to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from libs.results import BucketCount
from sentiment.model.labels import THREE_CLASSES


@dataclass(frozen=True)
class LabelTotal:
    """How many posts have one label, and their share of all (of 1); None where there are none to divide by."""

    count: int
    share: float | None


@dataclass(frozen=True)
class PeriodTotals:
    """Posts, mean score (0 to 1) and labels of one period; None where there is nothing to divide by."""

    posts: int
    mean_score: float | None
    labels: dict[str, LabelTotal]


@dataclass(frozen=True)
class PeriodChange:
    """Volume as a ratio minus 1, shares and score as differences; None without posts in both periods."""

    posts: float | None
    mean_score: float | None
    labels: dict[str, float | None]


@dataclass(frozen=True)
class ComparedTotals(PeriodTotals):
    """The numbers of a period and their change against the period before."""

    change: PeriodChange


def add_up(buckets: Iterable[BucketCount]) -> PeriodTotals:
    """Return the totals of buckets."""
    counts, score_sum = dict.fromkeys(THREE_CLASSES, 0), 0.0
    for bucket in buckets:
        counts[bucket.sentiment] += bucket.posts  # type: ignore[index]
        score_sum += bucket.score_sum
    return make_totals(counts, score_sum)


def make_totals(counts: Mapping[Any, int], score_sum: float) -> PeriodTotals:
    """Return the totals of posts counted by label."""
    posts = sum(counts.values())
    labels: dict[str, LabelTotal] = {
        label: LabelTotal(counts.get(label, 0), round(counts.get(label, 0) / posts, 4) if posts else None)
        for label in THREE_CLASSES
    }
    return PeriodTotals(posts, round(score_sum / posts, 4) if posts else None, labels)


def compare(now: PeriodTotals, before: PeriodTotals) -> PeriodChange:
    """Return the change from one period to the next."""
    if now.mean_score is None or before.mean_score is None:
        return PeriodChange(None, None, dict.fromkeys(THREE_CLASSES))
    return PeriodChange(
        posts=round(now.posts / before.posts - 1, 4),
        mean_score=round(now.mean_score - before.mean_score, 4),
        labels={label: _subtract(now.labels[label].share, before.labels[label].share) for label in THREE_CLASSES},
    )


def _subtract(share: float | None, before: float | None) -> float | None:
    return None if share is None or before is None else round(share - before, 4)
