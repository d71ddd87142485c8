"""What a caller asks in a query string: read, bounded, and refused with a sentence that names the parameter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, get_args

from libs.results import Question
from libs.values.times import parse_date
from sentiment.errors import PermanentError
from sentiment.model.labels import Label

_LABELS: Final = frozenset(get_args(Label))
_LONGEST_MINUTES: Final = 60 * 24 * 366 * 20
_MOST_BUCKETS: Final = 2000
_BEFORE = re.compile(r"([^#]{4,40})(#.{1,255})?", re.DOTALL)


def read_question(arguments: Mapping[str, str]) -> Question:
    """Return the question of ``/api/tweets``; ``PermanentError("bad_parameter")`` for a value that makes no sense."""
    return Question(
        topic=arguments.get("topic", ""),
        sentiment=read_label(arguments),
        before=_read_before(arguments.get("before", "")),
        limit=read_number(arguments, "limit", 50, 1, 500),
    )


def read_label(arguments: Mapping[str, str]) -> str:
    """Return the label asked for, or nothing."""
    label = arguments.get("sentiment", "").upper()
    if label and label not in _LABELS:
        raise PermanentError(f"sentiment must be one of {', '.join(sorted(_LABELS))}", code="bad_parameter")
    return label


def read_number(arguments: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Return a whole number within its bounds."""
    text = arguments.get(name, "") or str(default)
    if not text.isascii() or not text.isdigit() or not least <= int(text[:12]) <= most:
        raise PermanentError(f"{name} must be a number from {least} to {most}", code="bad_parameter")
    return int(text)


def read_minutes(arguments: Mapping[str, str]) -> int:
    """Return the length of the period in minutes; a day when nothing is said."""
    return read_number(arguments, "minutes", 24 * 60, 1, _LONGEST_MINUTES)


def read_bucket_seconds(arguments: Mapping[str, str], minutes: int) -> int:
    """Return a bucket's length: what is asked for as long as that makes no more than 2,000 buckets, else about 60 of them."""
    asked = read_number(arguments, "bucket_seconds", 0, 0, _LONGEST_MINUTES * 60)
    if asked and minutes * 60 / asked > _MOST_BUCKETS:
        raise PermanentError(
            f"bucket_seconds={asked} makes over {_MOST_BUCKETS} buckets of {minutes} minutes", code="bad_parameter"
        )
    return asked or choose_bucket_seconds(minutes)


def choose_bucket_seconds(minutes: int) -> int:
    """Return the shortest readable length that makes at most about a hundred buckets."""
    steps = (1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 7 * 24 * 3600)
    return next((step for step in steps if minutes * 60 / step <= 100), 28 * 24 * 3600)


def _read_before(text: str) -> str:
    if not text:
        return ""
    match = _BEFORE.fullmatch(text)
    try:
        return parse_date(match[1]) + (match[2] or "") if match else parse_date(text)
    except PermanentError as error:
        raise PermanentError(f"before: {error.detail}", code="bad_parameter") from None
