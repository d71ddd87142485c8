"""DynamoDB's calls: batches sent, several at once, until nothing is left of them; errors in this product's words.

The only place where results meet boto3. Three tables: results, ``<name>_topics`` and ``<name>_ledger``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from libs.results.dynamodb.attributes import Item, pack, unpack
from sentiment.errors import PermanentError, TransientError
from sentiment.service.aws import make_client
from sentiment.service.clock import WallClock
from sentiment.service.retry import Backoff, retry

BY_TOPIC: Final = "by_topic"
_PUTS: Final = 25  # BatchWriteItem's limit
_GETS: Final = 100  # BatchGetItem's limit
_TRIES: Final = 10  # of a throttled call: about seven seconds
_BACKOFF: Final = Backoff(first_seconds=0.05, longest_seconds=2.0)
_IN_FLIGHT: Final = 8  # batches under way at once, so that a batch's way there and back is not waited for each time
_REFUSED: Final = frozenset({"ValidationException", "ItemCollectionSizeLimitExceededException"})
_THROTTLED: Final = frozenset({"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"})

Outcome = TypeVar("Outcome")


class Tables:
    """A client and the three tables' names."""

    def __init__(self, name: str) -> None:
        """Make the client: credentials, region and endpoint from boto3's default chain."""
        self.results, self.topics, self.ledger = name, f"{name}_topics", f"{name}_ledger"
        self.client: Any = make_client("dynamodb", read_timeout_seconds=15)
        self._clock = WallClock()
        self._pool = ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="dynamodb")

    def get(self, table: str, keys: Sequence[Item]) -> list[Item]:
        """Return the items that are there, as they are at this moment; keys must differ."""
        requests = [
            {table: {"Keys": [pack(key) for key in keys[start : start + _GETS]], "ConsistentRead": True}}
            for start in range(0, len(keys), _GETS)
        ]
        found = self.run_together([partial(self._get, table, request) for request in requests])
        return [item for items in found for item in items]

    def write(self, table: str, puts: Sequence[Item] = (), deletes: Sequence[Item] = ()) -> None:
        """Put and delete without conditions; keys must differ."""
        calls = [(table, {"PutRequest": {"Item": pack(item)}}) for item in puts]
        calls += [(table, {"DeleteRequest": {"Key": pack(key)}}) for key in deletes]
        self._send(calls)

    def put_all(self, puts: Sequence[tuple[str, Item]]) -> None:
        """Put items of several tables in as few batches as they fit in; keys must differ."""
        self._send([(table, {"PutRequest": {"Item": pack(item)}}) for table, item in puts])

    def run_together(self, calls: Sequence[Callable[[], Outcome]]) -> list[Outcome]:
        """Make calls at once and return their answers in order; all have ended when the first failure is raised.

        Not from within such a call: they share their threads.
        """
        if len(calls) == 1:
            return [calls[0]()]
        futures = [self._pool.submit(call) for call in calls]
        wait(futures)
        return [future.result() for future in futures]

    def put_if(self, table: str, item: Item, condition: str, values: Item) -> bool:
        """Put one item under a condition and return whether it held."""
        return self._conditional(
            self.client.put_item, TableName=table, Item=pack(item), ConditionExpression=condition, values=values
        )

    def delete_if(self, table: str, key: Item, condition: str, values: Item) -> bool:
        """Delete one item under a condition and return whether it held."""
        return self._conditional(
            self.client.delete_item, TableName=table, Key=pack(key), ConditionExpression=condition, values=values
        )

    def query(self, table: str, condition: str, values: Item, **options: Any) -> Iterator[Item]:
        """Yield matching items, page by page."""
        for page in self._query_pages(table, condition, values, **options):
            yield from map(unpack, page.get("Items", ()))

    def count(self, table: str, condition: str, values: Item) -> int:
        """Return how many items match."""
        return sum(page["Count"] for page in self._query_pages(table, condition, values, Select="COUNT"))

    def scan(self, table: str, **options: Any) -> Iterator[Item]:
        """Yield the pages of a scan as DynamoDB answers them, items unpacked."""
        while True:
            answer = self._call(self.client.scan, TableName=table, **options)
            yield {**answer, "Items": [unpack(item) for item in answer.get("Items", ())]}
            if "LastEvaluatedKey" not in answer:
                return
            options["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def close(self) -> None:
        """Close the client's connections and end the threads."""
        self._pool.shutdown()
        self.client.close()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn boto3's errors into ``TransientError("results_down")`` and ``PermanentError("result_refused")``."""
        try:
            yield
        except ClientError as error:
            if isinstance(error, self.client.exceptions.ConditionalCheckFailedException):
                raise
            if _code_of(error) in _REFUSED:
                raise PermanentError(f"dynamodb://{self.results} refuses: {error}", code="result_refused") from error
            raise TransientError(f"dynamodb://{self.results} fails: {error}", code="results_down") from error
        except BotoCoreError as error:
            raise TransientError(
                f"dynamodb://{self.results} cannot be reached: {error}", code="results_down"
            ) from error

    def _query_pages(self, table: str, condition: str, values: Item, **options: Any) -> Iterator[Item]:
        query = {"TableName": table, "KeyConditionExpression": condition, "ExpressionAttributeValues": pack(values)}
        request: Item = {**query, **options}
        while True:
            answer = self._call(self.client.query, **request)
            yield answer
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _conditional(self, call: Any, *, values: Item, **request: Any) -> bool:
        try:
            self._call(call, **request, ExpressionAttributeValues=pack(values))
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _call(self, call: Any, unprocessed: str = "", **request: Any) -> Item:
        """Make one call, and make it again while the table throttles it.

        ``unprocessed``: where the answer hands back what a throttled table has not done inside a 200; an answer that got
        nothing done is throttled as well. Without tries of its own each of a batch's many conditional writes would have to
        get through in the same attempt at the whole batch, which under heavy throttling it never does.
        """

        def attempt() -> Item:
            try:
                answer: Item = call(**request)
            except ClientError as error:
                if _code_of(error) in _THROTTLED:
                    raise self._throttled() from error
                raise
            if unprocessed and _count_requests(answer.get(unprocessed)) == _count_requests(request["RequestItems"]):
                raise self._throttled()
            return answer

        with self.translated():
            return retry(attempt, self._clock, _BACKOFF, tries=_TRIES)

    def _send(self, calls: Sequence[tuple[str, Item]]) -> None:
        batches: list[dict[str, list[Item]]] = []
        for start in range(0, len(calls), _PUTS):
            batches.append({})  # a plain one: boto3 takes no subclass
            for table, call in calls[start : start + _PUTS]:
                batches[-1].setdefault(table, []).append(call)
        self.run_together([partial(self._write, batch) for batch in batches])

    def _get(self, table: str, request: Item) -> list[Item]:
        answers = self._until_done(self.client.batch_get_item, request, "UnprocessedKeys")
        return [unpack(item) for answer in answers for item in answer["Responses"].get(table, ())]

    def _write(self, request: Item) -> None:
        for _ in self._until_done(self.client.batch_write_item, request, "UnprocessedItems"):
            pass

    def _until_done(self, call: Any, request: Item, unprocessed: str) -> Iterator[Item]:
        """Yield the answers to a batch, sent again with what the last one left undone until nothing is left."""
        while request:
            answer = self._call(call, unprocessed, RequestItems=request)
            yield answer
            request = answer.get(unprocessed) or {}
            if request:
                self._clock.wait(_BACKOFF.choose_seconds(1))

    def _throttled(self) -> TransientError:
        return TransientError(f"dynamodb://{self.results} is throttled", code="results_down")


def _code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _count_requests(request: Item | None) -> int:
    return sum(len(asked["Keys"] if isinstance(asked, dict) else asked) for asked in (request or {}).values())
