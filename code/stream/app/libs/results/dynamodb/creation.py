"""DynamoDB tables created when they are absent, billed by request, and waited for until they are active."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from libs.results.dynamodb.tables import BY_TOPIC, Tables
from sentiment.errors import TransientError

logger = logging.getLogger(__name__)

_CREATE_SECONDS: Final = 60.0
# The index holds what is counted and no texts: an hour of posts is read through it again and again.
_COUNTED: Final = ["sentiment", "score", "lang", "topics", "expires_at"]


def create_missing(tables: Tables) -> None:
    """Create the three tables and the index. ``TransientError`` when one does not become active within a minute."""
    index = {
        "IndexName": BY_TOPIC,
        "KeySchema": _key("bucket", "data"),
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": _COUNTED},
    }
    with tables.translated():
        made = [
            _create(tables, tables.results, ("id",), GlobalSecondaryIndexes=[index], extra=("bucket", "data")),
            _create(tables, tables.topics, ("bucket", "moment")),
            _create(tables, tables.ledger, ("kind", "id")),
        ]
        for name in filter(None, made):
            _wait_until_active(tables, name)
            _let_expire(tables, name)


def _create(tables: Tables, name: str, keys: tuple[str, ...], *, extra: tuple[str, ...] = (), **options: Any) -> str:
    """Return the table's name when it was made here, nothing when it is there."""
    client = tables.client
    try:
        client.describe_table(TableName=name)
    except client.exceptions.ResourceNotFoundException:
        pass
    else:
        return ""
    attributes = [{"AttributeName": key, "AttributeType": "S"} for key in (*keys, *extra)]
    try:
        client.create_table(
            TableName=name,
            KeySchema=_key(*keys),
            AttributeDefinitions=attributes,
            BillingMode="PAY_PER_REQUEST",
            **options,
        )
    except client.exceptions.ResourceInUseException:
        return ""  # another worker was first
    return name


def _wait_until_active(tables: Tables, name: str) -> None:
    deadline = time.monotonic() + _CREATE_SECONDS
    while tables.client.describe_table(TableName=name)["Table"]["TableStatus"] != "ACTIVE":
        if time.monotonic() > deadline:
            raise TransientError(f"dynamodb://{name} does not become active", code="results_down")
        time.sleep(0.5)


def _let_expire(tables: Tables, name: str) -> None:
    specification = {"Enabled": True, "AttributeName": "expires_at"}
    try:
        tables.client.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)
    except tables.client.exceptions.ClientError as error:
        # Some compatible servers do not delete what has expired; it is left out of every answer all the same.
        if error.response.get("Error", {}).get("Code") != "UnknownOperationException":
            raise
        logger.warning(
            "this DynamoDB has no time to live: expired items are hidden, not deleted", extra={"table": name}
        )


def _key(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]
