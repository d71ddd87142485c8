"""Whatever a live source sends, a message is an entry or is refused in words; nothing else stops the reader, and the spool takes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.sources.bluesky.jetstream import parse_event
from libs.sources.x.posts import parse_post
from libs.values.tweet import pack_entries, unpack_entries
from sentiment.errors import SentimentError

READ_AT = "2026-03-01T12:00:01.000Z"
_TEXTS = st.text(st.characters(), max_size=20) | st.sampled_from(
    ["5", "42", "\ud83d", "\x00", "2026-03-01T12:00:00Z", "app.bsky.feed.post"]
)
_VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)


def objects(**fields: Any) -> Any:
    """Objects of known fields, each there or not, as it should be or as anything."""
    return st.fixed_dictionaries({}, optional={name: field | _VALUES for name, field in fields.items()})


X_MESSAGES = objects(
    data=objects(
        id=st.just("5"), text=_TEXTS, author_id=st.just("42"), created_at=_TEXTS, lang=_TEXTS,
        edit_history_tweet_ids=st.lists(st.just("5") | _VALUES, max_size=3),
    ),
    includes=objects(users=st.lists(objects(id=st.just("42"), username=_TEXTS), max_size=2)),
    matching_rules=st.lists(objects(id=_TEXTS, tag=_TEXTS), max_size=2),
    errors=st.lists(objects(title=_TEXTS, detail=_TEXTS), max_size=2),
)  # fmt: skip
EVENTS = objects(
    did=st.just("did:plc:ann"), time_us=st.integers(), kind=st.sampled_from(["commit", "identity"]),
    commit=objects(
        operation=st.sampled_from(["create", "update", "delete"]), collection=st.just("app.bsky.feed.post"), rkey=_TEXTS,
        rev=_TEXTS, record=objects(text=_TEXTS, createdAt=_TEXTS, langs=st.lists(_TEXTS, max_size=2)),
    ),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(X_MESSAGES)
def test_a_message_of_x_is_a_post_or_refused(message: Any) -> None:
    try:
        post = parse_post(json.dumps(message).encode(), {"5": "acme"}, READ_AT)
    except SentimentError:
        return
    assert unpack_entries(pack_entries([post])) == [post]


@settings(max_examples=400, deadline=None)
@given(EVENTS)
def test_an_event_of_jetstream_is_an_entry_or_refused(message: Any) -> None:
    try:
        entry = parse_event(json.dumps(message), (), READ_AT).entry
    except SentimentError:
        return
    if entry:
        assert unpack_entries(pack_entries([entry])) == [entry]


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_a_message_that_is_nested_without_end_is_refused(depth: int) -> None:
    message = b'{"data":' + b"[" * depth + b"]" * depth + b"}"
    for parse in (lambda: parse_post(message, {}, READ_AT), lambda: parse_event(message, (), READ_AT)):
        with pytest.raises(SentimentError):
            parse()
