"""Results as DynamoDB items, and the keys under which they are found by topic and time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zlib import crc32

from libs.results.dynamodb.attributes import Item
from libs.values.result import Result
from sentiment.model.labels import THREE_CLASSES

ALL: Final = "*"
"""Stands for the topic in keys that lead to every post."""
_SHARDS: Final = 2  # 3 labels × 2 shards × 1,000 writes/s a partition: 6,000 posts/s in one hour of one topic
_HOUR: Final = 13  # characters of 2009-04-07T05
_DAY_SECONDS: Final = 86_400


class StoredItem(NamedTuple):
    """A result as it is stored, and which version of its post it is of."""

    result: Result
    revision: str


def make_item(result: Result, revision: str, retention_days: int) -> Item:
    """Return the item: the result's fields, its post's ``revision``, ``bucket`` for the index, ``expires_at`` if it expires."""
    return {
        **result._asdict(),
        "revision": revision,
        "score": Decimal(str(result.score)),
        "topics": list(result.topics),
        "bucket": bucket_of(ALL, result.sentiment, result.data[:_HOUR], result.id),
        **expires_in(retention_days),
    }


def read_item(item: Item) -> Result:
    """Return the result of an item."""
    fields: dict[str, Any] = {name: item[name] for name in Result._fields}
    return Result(**{**fields, "score": float(item["score"]), "topics": tuple(item["topics"])})


def read_stored(item: Item) -> StoredItem:
    """Return the result of an item and its post's version."""
    return StoredItem(read_item(item), item.get("revision", ""))


def make_topic_items(result: Result, retention_days: int) -> list[Item]:
    """Return the items that lead from each topic to a result."""
    moment = f"{result.data}#{result.id}"
    return [
        {
            "bucket": bucket_of(topic, result.sentiment, result.data[:_HOUR], result.id),
            "moment": moment,
            "id": result.id,
            "data": result.data,
            "sentiment": result.sentiment,
            "score": Decimal(str(result.score)),
            "lang": result.lang,
            **expires_in(retention_days),
        }
        for topic in result.topics
    ]


def topic_key(item: Item) -> Item:
    """Return the key of a topic's item."""
    return {"bucket": item["bucket"], "moment": item["moment"]}


def bucket_of(topic: str, label: str, hour: str, post: str) -> str:
    """Return ``topic#label#hour#shard``: an hour of a topic spreads over labels and shards, so that no key is hot."""
    return f"{topic}#{label}#{hour}#{crc32(post.encode()) % _SHARDS}"


def buckets_of_hour(topic: str, label: str, hour: str) -> Iterator[str]:
    """Yield the keys of an hour; ``label`` empty for all labels."""
    for one in (label,) if label else THREE_CLASSES:
        for shard in range(_SHARDS):
            yield f"{topic}#{one}#{hour}#{shard}"


def hours_of(results: list[Result]) -> set[tuple[str, str]]:
    """Return ``(topic, hour)`` of every key that the results touch."""
    return {(topic, result.data[:_HOUR]) for result in results for topic in (ALL, *result.topics)}


def expires_in(days: int) -> Item:
    """Return when something written now expires, as DynamoDB's TTL wants it (seconds since 1970); 0 days = never."""
    return {"expires_at": int(time.time()) + days * _DAY_SECONDS} if days else {}


def is_alive(item: Item) -> bool:
    """Tell whether an item is yet to expire: DynamoDB deletes up to two days late."""
    return "expires_at" not in item or int(item["expires_at"]) > time.time()
