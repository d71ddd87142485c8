"""SQS's calls: the only place where the spool meets boto3."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from sentiment.errors import TransientError
from sentiment.service.aws import make_client

_RECEIVES: Final = 20
_KEPT_SECONDS: Final = 14 * 86_400  # SQS's longest
_LONGEST_POLL_SECONDS: Final = 20
_BATCH: Final = 10
_DEAD: Final = "dead:"  # marks handles of the queue of dead messages


class Message(NamedTuple):
    """A received message."""

    handle: str
    body: str


class Queue:
    """A queue and the one for messages that nobody could work off; every call raises ``TransientError("spool_down")``."""

    def __init__(self, name: str, visibility_seconds: int) -> None:
        """Make the client: credentials, region and endpoint from boto3's default chain.

        ``visibility_seconds``: how long a worker that dies keeps its messages from the others, whatever the queue's own
        setting; whoever works longer extends it.
        """
        self._name = name
        self._visibility = visibility_seconds
        self._client: Any = make_client("sqs", read_timeout_seconds=30)
        self._urls: dict[bool, str] = {}

    def send(self, body: str) -> None:
        """Send one message."""
        with self._translated():
            self._client.send_message(QueueUrl=self._url(), MessageBody=body)

    def receive(self, most: int, wait_seconds: float, *, dead: bool = False) -> list[Message]:
        """Return messages, waiting for the first; nobody else gets them while they are invisible."""
        wait = min(_LONGEST_POLL_SECONDS, math.ceil(wait_seconds))
        with self._translated():
            answer = self._client.receive_message(
                QueueUrl=self._url(dead=dead),
                MaxNumberOfMessages=most,
                WaitTimeSeconds=wait,
                VisibilityTimeout=self._visibility,
            )
        mark = _DEAD if dead else ""
        return [Message(mark + message["ReceiptHandle"], message["Body"]) for message in answer.get("Messages", ())]

    def delete(self, handles: Sequence[str]) -> None:
        """Delete messages; ``TransientError`` when SQS keeps one."""
        self._call_in_batches("delete_message_batch", handles, {})

    def extend(self, handles: Sequence[str]) -> None:
        """Keep messages invisible for as long again, from now on."""
        self._call_in_batches("change_message_visibility_batch", handles, {"VisibilityTimeout": self._visibility})

    def release(self, handles: Sequence[str]) -> None:
        """Make messages visible at once."""
        self._call_in_batches("change_message_visibility_batch", handles, {"VisibilityTimeout": 0})

    def count(self) -> int:
        """Return about how many messages wait or are being worked on."""
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ]
        with self._translated():
            answer = self._client.get_queue_attributes(QueueUrl=self._url(), AttributeNames=names)
        return sum(int(answer["Attributes"].get(name, 0)) for name in names)

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()

    def _call_in_batches(self, call: str, handles: Sequence[str], fields: dict[str, int]) -> None:
        for dead in (False, True):
            group = [handle.removeprefix(_DEAD) for handle in handles if handle.startswith(_DEAD) is dead]
            for start in range(0, len(group), _BATCH):
                rows = [
                    {"Id": str(number), "ReceiptHandle": handle, **fields}
                    for number, handle in enumerate(group[start : start + _BATCH])
                ]
                with self._translated():
                    answer = getattr(self._client, call)(QueueUrl=self._url(dead=dead), Entries=rows)
                if any(not failure.get("SenderFault") for failure in answer.get("Failed", ())):
                    raise TransientError(f"sqs://{self._name} fails at {call}", code="spool_down")

    def _url(self, *, dead: bool = False) -> str:
        if dead not in self._urls:
            self._urls[dead] = self._make_queue(dead=dead)
        return self._urls[dead]

    def _make_queue(self, *, dead: bool) -> str:
        name = f"{self._name}-dead" if dead else self._name
        try:
            return str(self._client.get_queue_url(QueueName=name)["QueueUrl"])
        except self._client.exceptions.QueueDoesNotExist:
            pass
        attributes = {"MessageRetentionPeriod": str(_KEPT_SECONDS), "VisibilityTimeout": str(self._visibility)}
        if not dead:
            redrive = {"deadLetterTargetArn": self._arn(self._url(dead=True)), "maxReceiveCount": str(_RECEIVES)}
            attributes["RedrivePolicy"] = orjson.dumps(redrive).decode()
        return str(self._client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def _arn(self, url: str) -> str:
        answer = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise TransientError(f"sqs://{self._name} fails: {error}", code="spool_down") from error
