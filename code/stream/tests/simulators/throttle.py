"""A proxy before an AWS-compatible server that throttles as DynamoDB does: errors, and items handed back inside a 200."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from random import Random

_HOP = {"transfer-encoding", "connection", "content-length", "content-encoding", "date", "server"}


class ThrottlingProxy:
    """Forwards to ``target``; while ``share`` is above 0 that share of DynamoDB's calls meets a fault."""

    def __init__(self, target: str, chance: Random) -> None:
        self.share = 0.0
        self.fired: Counter[str] = Counter()
        self._target = target
        self._chance = chance
        self._local = threading.local()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def log_message(self, *_args: object) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, headers, data = proxy.answer(self.path, dict(self.headers), body)
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in _HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        call = headers.get("X-Amz-Target", "").partition(".")[2]
        if self._chance.random() < self.share:
            if call == "BatchWriteItem":
                return self._hand_back(path, headers, json.loads(body))
            if call in ("PutItem", "BatchGetItem"):
                self.fired["throttled"] += 1
                error = {
                    "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                    "message": "slow down",
                }
                return 400, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(error).encode()
        return self._forward(path, headers, body)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _hand_back(
        self, path: str, headers: dict[str, str], request: dict[str, dict[str, list[object]]]
    ) -> tuple[int, dict[str, str], bytes]:
        """Let some items through and give the others back, all of them now and then."""
        rest: dict[str, list[object]] = {}
        for table, items in request["RequestItems"].items():
            rest[table] = [item for item in items if self._chance.random() < 0.6]
            request["RequestItems"][table] = [item for item in items if item not in rest[table]]
        self.fired["unprocessed"] += 1
        passed = {table: items for table, items in request["RequestItems"].items() if items}
        if passed:
            self._forward(path, headers, json.dumps({**request, "RequestItems": passed}).encode())
        left = {table: items for table, items in rest.items() if items}
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps({"UnprocessedItems": left}).encode()

    def _forward(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        kept = {
            name: value
            for name, value in headers.items()
            if name.lower() not in ("host", "content-length", "connection")
        }
        done = self._local.session.post(self._target + path, data=body, headers=kept, timeout=60)
        return done.status_code, dict(done.headers), done.content
