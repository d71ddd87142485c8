"""Events of Bluesky's Jetstream as entries: new posts, edits and deletions of TRACK's topics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import orjson

from libs.values.times import format_time, parse_date
from libs.values.topics import Matcher, match_topics
from libs.values.tweet import Entry, Removal, Tweet, storable
from sentiment.errors import PermanentError

POSTS: Final = "app.bsky.feed.post"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_US: Final = 1 << 53  # in the year 2255; beyond lies no date that anything here could write


class Event(NamedTuple):
    """One event: when Jetstream saw it (µs since 1970), and what it means here, if anything."""

    time_us: int
    entry: Entry | None


def parse_event(message: bytes | str, matchers: tuple[Matcher, ...], read_at: str) -> Event:
    """Read one message. Identity and account events, other collections and other topics mean nothing here.

    Raises ``PermanentError`` (``not_json``, ``no_event``, ``no_text``) for what no Jetstream sends.
    """
    try:
        found = orjson.loads(message)
        kind, did, time_us = found["kind"], found["did"], found["time_us"]
        commit = found["commit"] if kind == "commit" else None
        collection = commit["collection"] if commit else ""
    except ValueError as error:
        raise PermanentError(f"not JSON: {error}", code="not_json") from None
    except (KeyError, TypeError) as error:
        raise PermanentError(f"no Jetstream event: {error!r}", code="no_event") from None
    if not isinstance(time_us, int) or not 0 < time_us < _LATEST_US or not isinstance(did, str):
        raise PermanentError("an event without did or time_us", code="no_event")
    if not isinstance(commit, dict) or collection != POSTS:
        return Event(time_us, None)
    return Event(time_us, _parse_commit(did, time_us, commit, matchers, read_at))


def _parse_commit(
    did: str, time_us: int, commit: dict[str, Any], matchers: tuple[Matcher, ...], read_at: str
) -> Entry | None:
    post = f"bluesky:{did}/{commit.get('rkey', '')}"[:255]
    seen_at = format_time(moment_of(time_us))
    revision = str(commit.get("rev") or time_us)[:64]
    if commit.get("operation") == "delete":
        return Removal(post, seen_at, "deleted", revision)
    record = commit.get("record")
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        raise PermanentError("a post without text", code="no_text")
    updated = commit.get("operation") == "update"
    topics = match_topics(matchers, record["text"])
    if matchers and not topics:
        # An edit away from a topic takes the post off the table.
        return Removal(post, seen_at, "edited", revision) if updated else None
    return Tweet(
        id=post,
        user=did,
        text=storable(record["text"]),
        posted_at=_read_date(record.get("createdAt"), seen_at),
        source="bluesky",
        topics=topics,
        lang=_read_language(record.get("langs")),
        position=f"event {time_us}",
        read_at=read_at,
        replaces=(post,) if updated else (),
        revision=revision,
    )


def moment_of(time_us: int) -> datetime:
    """Return a Jetstream time as a moment."""
    return _EPOCH + timedelta(microseconds=time_us)


def _read_date(value: Any, seen_at: str) -> str:
    """Return the author's date, but none after the network saw the post: clients' clocks can be wrong."""
    try:
        return min(parse_date(str(value)), seen_at)
    except PermanentError:
        return seen_at


def _read_language(langs: Any) -> str:
    first = langs[0] if isinstance(langs, list) and langs else ""
    return str(first).lower()[:16] if isinstance(first, str) else ""
