"""Which column of a replay file means what, and how one of its records becomes a tweet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from libs.values.times import now, parse_date
from libs.values.tweet import UNKNOWN_USER, Tweet
from sentiment.errors import PermanentError

# Sentiment140's file has no header: http://help.sentiment140.com/for-students (also the product's own sample).
SENTIMENT140: Final = ("target", "id", "date", "flag", "user", "text")
_NO_QUERY: Final = "NO_QUERY"  # Sentiment140's flag for a tweet that no query found
_MEANINGS: Final[dict[str, tuple[str, ...]]] = {
    "id": ("id", "tweet_id", "id_str"),
    "user": ("user", "name", "username", "screen_name", "author", "author_id", "user_id"),
    "text": ("text", "tweet", "full_text", "content"),
    "date": ("date", "created_at", "tweet_created", "posted_at", "data"),
    "topics": ("flag", "airline", "tickers", "topics", "topic"),
    "lang": ("lang", "language"),
    "label": ("target", "airline_sentiment", "label", "sentiment"),
}
# What text may not hold on its way through UTF-8 and SQL: lone surrogates and NUL.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONGEST_ID: Final = 200
_LONGEST_USER: Final = 200


class Columns(NamedTuple):
    """Names of the columns that carry each meaning; empty where a file has none."""

    id: str
    user: str
    text: str
    date: str
    topics: str
    lang: str
    label: str


def find_columns(names: Sequence[str]) -> Columns:
    """Return the meaning of a file's column names; ``PermanentError("no_text_column")`` when none holds the text."""
    known = {name.strip().lower(): name for name in names}
    found = {
        meaning: next((known[alias] for alias in aliases if alias in known), "")
        for meaning, aliases in _MEANINGS.items()
    }
    if not found["text"]:
        raise PermanentError(
            f"no column of {[str(name)[:30] for name in names[:20]]} holds the text; it must be called one of "
            f"{', '.join(_MEANINGS['text'])}, or the file be Sentiment140's six columns without a header",
            code="no_text_column",
        )
    return Columns(**found)


def make_tweet(record: Mapping[str, Any], columns: Columns, *, position: str, fallback_id: str) -> Tweet:
    """Turn a record into a tweet. A record without id, user or date gets ``fallback_id``, ``unknown``, the time of reading.

    Raises ``PermanentError``: ``no_text`` when the text is missing or no string, ``bad_date`` when the date is none.
    """
    text = record.get(columns.text)
    if not isinstance(text, str):
        raise PermanentError(f"the text is {type(text).__name__}, not a string", code="no_text")
    date, moment = record.get(columns.date) or "", now()
    return Tweet(
        id=storable(str(record.get(columns.id) or ""))[:_LONGEST_ID] or fallback_id,
        user=_read_user(record.get(columns.user)),
        text=storable(text),
        posted_at=parse_date(str(date)) if date else moment,
        source="replay",
        topics=_read_topics(record.get(columns.topics)),
        lang=str(record.get(columns.lang) or "").strip().lower()[:16],
        position=position,
        read_at=moment,
    )


def storable(text: str) -> str:
    """Replace what no store can hold (lone surrogates, NUL) by the replacement character U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def _read_user(value: Any) -> str:
    if isinstance(value, dict):  # X v1.1 nests the user
        value = value.get("screen_name") or value.get("username") or value.get("id_str")
    return storable(str(value or "")).strip()[:_LONGEST_USER] or UNKNOWN_USER


def _read_topics(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    topics = (storable(str(item)).strip()[:64] for item in values if item)
    return tuple(dict.fromkeys(topic for topic in topics if topic and topic != _NO_QUERY))
