"""One message of X's filtered stream as entries: fields may be missing, unknown, or in any order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import orjson
import tweepy

from libs.values.times import parse_date
from libs.values.tweet import UNKNOWN_USER, Tweet, storable
from sentiment.errors import PermanentError, TransientError

FIELDS: Final = {
    "tweet.fields": "author_id,created_at,edit_history_tweet_ids,lang",
    "expansions": "author_id",
    "user.fields": "username",
}
"""What to ask for; without these only id and text come."""


class InStreamError(TransientError):
    """X's own message in the stream: why it is going to close it."""

    def __init__(self, title: str, detail: str) -> None:
        """``title``: X's word for it, such as ``operational-disconnect``."""
        super().__init__(detail or title, code=title)


def parse_post(message: bytes, topics: Mapping[str, str], read_at: str) -> Tweet:
    """Return the post of one line. ``topics``: rule id → topic, for matches that come without a tag.

    Raises ``InStreamError`` for an error message, ``PermanentError`` (``not_json``, ``no_tweet``) for anything else.
    """
    found = _load(message)
    data = found.get("data")
    if not isinstance(data, dict):
        _raise_errors(found)
        raise PermanentError(f"a message without a post: {sorted(found)[:5]}", code="no_tweet")
    if not isinstance(data.get("text"), str) or not data.get("id"):
        raise PermanentError("a post without id or text", code="no_tweet")
    post, tweet = str(data["id"]), _model_tweet(data)
    history = [str(version) for version in tweet.edit_history_tweet_ids or ()]
    return Tweet(
        id=post,
        user=_find_user(found, tweet.author_id),
        text=storable(tweet.text),
        posted_at=_read_date(data.get("created_at"), read_at),
        source="x",
        topics=_find_topics(found.get("matching_rules"), topics),
        lang=str(tweet.lang or "").lower()[:16],
        position=f"post {post}",
        read_at=read_at,
        replaces=tuple(version for version in history if _is_earlier(version, post)),
    )


def _load(message: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(message)
    except ValueError:
        try:
            # orjson refuses lone surrogates, which X's escapes can carry, and so does the spool.
            found = orjson.loads(storable(json.dumps(json.loads(message), ensure_ascii=False)))
        except (ValueError, RecursionError) as error:
            raise PermanentError(f"not JSON: {error}", code="not_json") from None
    if not isinstance(found, dict):
        raise PermanentError("no JSON object", code="not_json")
    return found


def _raise_errors(found: dict[str, Any]) -> None:
    errors = found.get("errors")
    error = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else found
    title = error.get("title") or error.get("message")
    if title and ("errors" in found or "status" in found):
        raise InStreamError(str(title)[:60], str(error.get("detail", ""))[:300])


def _model_tweet(data: dict[str, Any]) -> Any:
    # tweepy's model raises on a date it does not know; dates are read here instead.
    dateless = {name: value for name, value in data.items() if name != "created_at"}
    try:
        return tweepy.Tweet({"edit_history_tweet_ids": [], **dateless})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PermanentError(f"a post whose fields are not X's: {error!r}"[:300], code="no_tweet") from None


def _read_date(value: Any, read_at: str) -> str:
    try:
        return parse_date(str(value)) if value else read_at
    except PermanentError:
        return read_at


def _find_user(found: dict[str, Any], author: Any) -> str:
    includes = found.get("includes")
    users = includes.get("users") if isinstance(includes, dict) else None
    for user in users if isinstance(users, list) else ():
        if isinstance(user, dict) and str(user.get("id")) == str(author) and user.get("username"):
            return storable(str(user["username"]))[:200]
    return str(author) if author else UNKNOWN_USER


def _find_topics(rules: Any, topics: Mapping[str, str]) -> tuple[str, ...]:
    matches = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    names = (str(rule.get("tag") or topics.get(str(rule.get("id")), "")) for rule in matches)
    return tuple(dict.fromkeys(storable(name)[:64] for name in names if name))


def _is_earlier(version: str, post: str) -> bool:
    # Ids are numbers that grow with time; of two lengths the longer is the later.
    return version != post and (len(version), version) < (len(post), post)
