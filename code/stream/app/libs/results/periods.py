"""Which period a summary is about, and how long the buckets are that it is divided into."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from libs.results import Results
from libs.values.times import format_time, read_time

_LIVE: Final = timedelta(days=1)


class Period(NamedTuple):
    """From ``since`` (included) up to ``before`` (not), and the stretch of the same length that came before."""

    since: str
    before: str
    previous_since: str


def choose_period(results: Results, minutes: int) -> Period:
    """Return the period that ends now, or with the newest post where that is older than a day: a replay of old posts."""
    newest, moment = results.read_newest_date(), datetime.now(UTC)
    if newest and moment - read_time(newest) > _LIVE:
        moment = read_time(newest) + timedelta(milliseconds=1)
    length = timedelta(minutes=minutes)
    earliest = datetime(1, 1, 1, tzinfo=UTC) + 2 * length
    since = max(moment, earliest) - length
    return Period(format_time(since), format_time(moment), format_time(since - length))


def choose_bucket_seconds(minutes: int) -> int:
    """Return the shortest readable length that makes at most about a hundred buckets."""
    steps = (1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 7 * 24 * 3600)
    return next((step for step in steps if minutes * 60 / step <= 100), 28 * 24 * 3600)
