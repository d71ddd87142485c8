"""Moments as text: ISO 8601 UTC with milliseconds, so that text order is time order. And dates as sources write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from sentiment.errors import PermanentError

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
# RFC 5322 §4.3 names these North American zones; Sentiment140's dates carry PDT (and PST in winter).
_ZONES: Final = {
    "UTC": 0, "GMT": 0, "Z": 0, "EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8,
}  # fmt: skip
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


def format_time(moment: datetime) -> str:
    """Return ``2009-04-07T05:19:45.000Z`` for an aware moment."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def read_time(text: str) -> datetime:
    """Return the moment that ``format_time`` wrote."""
    return datetime.fromisoformat(text)


def now() -> str:
    """Return this moment."""
    return format_time(datetime.now(UTC))


@lru_cache(maxsize=20_000)
def bucket_start(stamp: str, bucket_seconds: int) -> str:
    """Return the beginning of the bucket of time that ``stamp`` (ISO 8601 UTC, cut anywhere after the minute) lies in.

    Buckets are aligned to the Unix epoch, so that they stay the same from one question to the next.
    """
    moment = datetime.fromisoformat(stamp.rstrip("Z")).replace(tzinfo=UTC)
    return format_time(datetime.fromtimestamp(moment.timestamp() // bucket_seconds * bucket_seconds, UTC))


def parse_date(text: str) -> str:
    """Return a source's date as ISO 8601 UTC; ``PermanentError("bad_date")`` when it is none.

    Reads Sentiment140's ``Mon Apr 06 22:19:45 PDT 2009``, X v1.1's ``Tue Dec 31 23:10:08 +0000 2013``, ISO 8601 (also
    with a space, also ``-0800``; without a zone it is UTC), and seconds or milliseconds since 1970.
    """
    try:
        moment = _parse_date(text.strip())
    except (ValueError, KeyError, OverflowError, AttributeError):
        moment = None
    if moment is None or not _EARLIEST <= moment <= _LATEST:
        raise PermanentError(f"'{text[:60]}' is no date", code="bad_date")
    return format_time(moment)


def _parse_date(text: str) -> datetime:
    words = text.split()
    if len(words) == 6:
        _, month, day, clock, zone, year = words
        hour, minute, second = clock.split(":")
        local = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        return local - _offset(zone)
    if text.isdigit():
        number = int(text)
        return datetime.fromtimestamp(number / 1000 if number > 10**11 else number, UTC)
    if len(words) == 3 and _OFFSET.fullmatch(words[2]):
        text = f"{words[0]} {words[1]}{words[2]}"
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _offset(zone: str) -> timedelta:
    match = _OFFSET.fullmatch(zone)
    if match is None:
        return timedelta(hours=_ZONES[zone.upper()])
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -offset if match[1] == "-" else offset
