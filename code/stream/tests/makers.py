"""Plain values for tests."""

from __future__ import annotations

from typing import Any

from libs.values.result import Result, ResultBatch
from libs.values.tweet import Tweet

OLD = "20260101T000000Z-aaaaaa"
NEW = "20260201T000000Z-bbbbbb"


def make_tweet(post: str = "1", **fields: Any) -> Tweet:
    default = Tweet(
        id=post, user="ann", text=f"text of {post}", posted_at="2026-03-01T12:00:00.000Z", source="replay",
        read_at="2026-03-01T12:00:01.000Z",
    )  # fmt: skip
    return default._replace(**fields)


def make_result(post: str = "1", **fields: Any) -> Result:
    default = Result(
        id=post, user="ann", sentiment="POSITIVE", score=0.96523, twitter_raw=f"text of {post} 😀",
        twitter_clean=f"text of {post}", data="2026-03-01T12:00:00.000Z", source="replay", topics=(), lang="en",
        model_version=OLD, analyzed_at="2026-03-01T12:00:02.000Z",
    )  # fmt: skip
    return default._replace(**fields)


def batch_of(*results: Result, **fields: Any) -> ResultBatch:
    return ResultBatch(results=list(results), **fields)
