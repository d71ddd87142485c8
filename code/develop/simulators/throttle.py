"""A proxy before an AWS-compatible server that fails as AWS and networks do: throttled, handed back, out of order, unanswered."""

from __future__ import annotations

import json
import threading
from collections import Counter
from random import Random
from typing import Final, NamedTuple

import requests

from develop.simulators.listening import Handler, Listener

_HOP: Final = {"transfer-encoding", "connection", "content-length", "content-encoding", "date", "server", "host"}
_THROTTLED: Final = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"


class Answer(NamedTuple):
    """What goes back to the client; ``cut`` = nothing does."""

    status: int
    headers: dict[str, str]
    data: bytes
    cut: bool = False


class ThrottlingProxy:
    """Forwards to ``target``. Each share, from 0 to 1, is that of the calls that meet the fault.

    ``share``: DynamoDB throttles single calls and hands items of batches back inside a 200. ``failing``: SQS answers 500.
    ``unanswered``: the call is carried out, and the connection cut before its answer.
    """

    def __init__(self, target: str, chance: Random) -> None:
        """Listen on a free port of loopback and forward everything."""
        self.share = 0.0
        self.failing = 0.0
        self.unanswered = 0.0
        self.fired: Counter[str] = Counter()
        self._target = target
        self._chance = chance
        self._local = threading.local()
        self._listener = Listener(0, _ProxyHandler, self)
        self.url = f"http://127.0.0.1:{self._listener.server_port}"

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Carry out one call, or let it fail."""
        service, _, call = headers.get("X-Amz-Target", "").partition(".")
        if call == "BatchWriteItem" and self._happens(self.share):
            return self._hand_back(path, headers, json.loads(body))
        if call in ("PutItem", "BatchGetItem") and self._happens(self.share):
            self.fired["throttled"] += 1
            return _refuse(400, _THROTTLED)
        if service == "AmazonSQS" and self._happens(self.failing):
            self.fired["sqs failed"] += 1
            return _refuse(500, "com.amazonaws.sqs#InternalError")
        done = self._forward(path, headers, body)
        if self._happens(self.unanswered):
            self.fired["unanswered"] += 1
            return done._replace(cut=True)
        return done

    def close(self) -> None:
        """Close the port."""
        self._listener.stop()

    def _happens(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share

    def _hand_back(self, path: str, headers: dict[str, str], request: dict[str, dict[str, list[object]]]) -> Answer:
        """Let some items through and give the others back, all of them now and then."""
        rest: dict[str, list[object]] = {}
        for table, items in request["RequestItems"].items():
            rest[table] = [item for item in items if self._chance.random() < 0.6]
            request["RequestItems"][table] = [item for item in items if item not in rest[table]]
        passed = {table: items for table, items in request["RequestItems"].items() if items}
        if passed:
            self._forward(path, headers, json.dumps({**request, "RequestItems": passed}).encode())
        left = {table: items for table, items in rest.items() if items}
        self.fired["unprocessed"] += bool(left)
        return Answer(200, _JSON, json.dumps({"UnprocessedItems": left}).encode())

    def _forward(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        done = self._local.session.post(self._target + path, data=body, headers=_keep(headers), timeout=60)
        return Answer(done.status_code, _keep(done.headers), done.content)


class _ProxyHandler(Handler[ThrottlingProxy]):
    def do_POST(self) -> None:  # noqa: N802 - http.server names it
        answer = self.world.answer(self.path, dict(self.headers), self.read_body())
        if answer.cut:
            self.hang_up()
        else:
            self.send(answer.status, answer.data, answer.headers)


_JSON: Final = {"Content-Type": "application/x-amz-json-1.0"}


def _refuse(status: int, kind: str) -> Answer:
    return Answer(status, _JSON, json.dumps({"__type": kind, "message": "on order"}).encode())


def _keep(headers: object) -> dict[str, str]:
    return {name: value for name, value in dict(headers).items() if name.lower() not in _HOP}  # type: ignore[call-overload]
