"""Buckets of time, aligned to the Unix epoch so that they stay the same from one question to the next."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from libs.values.times import format_time


@lru_cache(maxsize=20_000)
def bucket_start(stamp: str, bucket_seconds: int) -> str:
    """Return the beginning of the bucket that ``stamp`` (ISO 8601 UTC, cut anywhere after the minute) lies in."""
    moment = datetime.fromisoformat(stamp.rstrip("Z")).replace(tzinfo=UTC)
    return format_time(datetime.fromtimestamp(moment.timestamp() // bucket_seconds * bucket_seconds, UTC))
