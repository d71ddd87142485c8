"""Items as DynamoDB's API writes them: each value with its type beside it."""

from __future__ import annotations

from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

_serializer, _deserializer = TypeSerializer(), TypeDeserializer()

Item = dict[str, Any]
"""An item, a key or a condition's values, as plain Python values."""


def pack(item: Item) -> Item:
    """Return an item as the API takes it."""
    # boto3's serializer asks each value for its kind in turn, which for the many texts costs more than the call itself.
    return {name: {"S": value} if type(value) is str else _serializer.serialize(value) for name, value in item.items()}


def unpack(item: Item) -> Item:
    """Return an item of an answer as plain values."""
    return {name: value["S"] if "S" in value else _deserializer.deserialize(value) for name, value in item.items()}
