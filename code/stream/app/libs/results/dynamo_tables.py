"""DynamoDB's calls: tables made when absent, batches sent until nothing is left of them, errors in this product's words.

The only place where results meet boto3. Three tables: results, ``<name>_topics`` and ``<name>_ledger``.
"""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from libs.aws import make_client
from sentiment.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BY_TOPIC: Final = "by_topic"
_PUTS: Final = 25  # BatchWriteItem's limit
_GETS: Final = 100  # BatchGetItem's limit
_TRIES: Final = 8
_FIRST_WAIT_SECONDS: Final = 0.05
_LONGEST_WAIT_SECONDS: Final = 2.0
_CREATE_SECONDS: Final = 60.0
_REFUSED: Final = frozenset({"ValidationException", "ItemCollectionSizeLimitExceededException"})
_serializer, _deserializer = TypeSerializer(), TypeDeserializer()

Item = dict[str, Any]


class Tables:
    """A client and the three tables' names."""

    def __init__(self, name: str) -> None:
        """Make the client: credentials, region and endpoint from boto3's default chain."""
        self.results, self.topics, self.ledger = name, f"{name}_topics", f"{name}_ledger"
        self.client: Any = make_client("dynamodb", read_timeout_seconds=15)

    def create_missing(self) -> None:
        """Create what is absent, billed by request, and wait until it can be used."""
        index = {
            "IndexName": BY_TOPIC,
            "KeySchema": _key("bucket", "data"),
            "Projection": {"ProjectionType": "ALL"},
        }
        with self.translated():
            made = [
                self._create(self.results, ("id",), GlobalSecondaryIndexes=[index], extra=("bucket", "data")),
                self._create(self.topics, ("bucket", "moment")),
                self._create(self.ledger, ("kind", "id")),
            ]
            for name in (name for name in made if name):
                self._wait_until_active(name)
                self.client.update_time_to_live(
                    TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
                )

    def get(self, table: str, keys: Sequence[Item]) -> list[Item]:
        """Return the items that are there, as they are at this moment; keys must differ."""
        found: list[Item] = []
        for start in range(0, len(keys), _GETS):
            request = {table: {"Keys": [_pack(key) for key in keys[start : start + _GETS]], "ConsistentRead": True}}
            for answer in self._until_done(self.client.batch_get_item, request, "UnprocessedKeys"):
                found += [_unpack(item) for item in answer["Responses"].get(table, ())]
        return found

    def write(self, table: str, puts: Sequence[Item] = (), deletes: Sequence[Item] = ()) -> None:
        """Put and delete without conditions; keys must differ."""
        calls = [{"PutRequest": {"Item": _pack(item)}} for item in puts]
        calls += [{"DeleteRequest": {"Key": _pack(key)}} for key in deletes]
        for start in range(0, len(calls), _PUTS):
            for _ in self._until_done(
                self.client.batch_write_item, {table: calls[start : start + _PUTS]}, "UnprocessedItems"
            ):
                pass

    def put_if(self, table: str, item: Item, condition: str, values: Item) -> bool:
        """Put one item under a condition and return whether it held."""
        return self._conditional(
            self.client.put_item, TableName=table, Item=_pack(item), ConditionExpression=condition, values=values
        )

    def delete_if(self, table: str, key: Item, condition: str, values: Item) -> bool:
        """Delete one item under a condition and return whether it held."""
        return self._conditional(
            self.client.delete_item, TableName=table, Key=_pack(key), ConditionExpression=condition, values=values
        )

    def query(self, table: str, condition: str, values: Item, **options: Any) -> Iterator[Item]:
        """Yield matching items, page by page."""
        request = {"TableName": table, "KeyConditionExpression": condition, "ExpressionAttributeValues": _pack(values)}
        while True:
            with self.translated():
                answer = self.client.query(**request, **options)
            yield from map(_unpack, answer.get("Items", ()))
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def scan(self, table: str, **options: Any) -> Iterator[Item]:
        """Yield the pages of a scan as DynamoDB answers them, items unpacked."""
        while True:
            with self.translated():
                answer = self.client.scan(TableName=table, **options)
            yield {**answer, "Items": [_unpack(item) for item in answer.get("Items", ())]}
            if "LastEvaluatedKey" not in answer:
                return
            options["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn boto3's errors into ``TransientError("results_down")`` and ``PermanentError("result_refused")``."""
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _REFUSED:
                raise PermanentError(f"dynamodb://{self.results} refuses: {error}", code="result_refused") from error
            raise TransientError(f"dynamodb://{self.results} fails: {error}", code="results_down") from error
        except BotoCoreError as error:
            raise TransientError(
                f"dynamodb://{self.results} cannot be reached: {error}", code="results_down"
            ) from error

    def _create(self, name: str, keys: tuple[str, ...], *, extra: tuple[str, ...] = (), **options: Any) -> str:
        attributes = [{"AttributeName": key, "AttributeType": "S"} for key in (*keys, *extra)]
        try:
            self.client.describe_table(TableName=name)
        except self.client.exceptions.ResourceNotFoundException:
            pass
        else:
            return ""
        try:
            self.client.create_table(
                TableName=name,
                KeySchema=_key(*keys),
                AttributeDefinitions=attributes,
                BillingMode="PAY_PER_REQUEST",
                **options,
            )
        except self.client.exceptions.ResourceInUseException:
            return ""  # another worker was first
        return name

    def _wait_until_active(self, name: str) -> None:
        deadline = time.monotonic() + _CREATE_SECONDS
        while self.client.describe_table(TableName=name)["Table"]["TableStatus"] != "ACTIVE":
            if time.monotonic() > deadline:
                raise TransientError(f"dynamodb://{name} does not become active", code="results_down")
            time.sleep(0.5)

    def _conditional(self, call: Any, *, values: Item, **request: Any) -> bool:
        with self.translated():
            try:
                call(**request, ExpressionAttributeValues=_pack(values))
            except self.client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _until_done(self, call: Any, request: Item, rest: str) -> Iterator[Item]:
        """Send a batch, and what a throttled table hands back inside a 200, with jittered waits in between."""
        for attempt in range(_TRIES):
            with self.translated():
                answer = call(RequestItems=request)
            yield answer
            request = answer.get(rest) or {}
            if not request:
                return
            longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2**attempt)
            time.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret  # nosec B311
        raise TransientError(f"dynamodb://{self.results} is throttled", code="results_down")


def _key(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def _pack(item: Item) -> Item:
    return {name: _serializer.serialize(value) for name, value in item.items()}


def _unpack(item: Item) -> Item:
    return {name: _deserializer.deserialize(value) for name, value in item.items()}
