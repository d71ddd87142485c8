"""A stand-in for serve that speaks its HTTP contract, is fast, and fails on order. Run it: ``python -m simulators.serve PORT``."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from zlib import crc32

LONGEST_TEXT = 10_000
MOST_TEXTS = 1_024
POISON = "[[poison]]"
"""A text with this mark makes serve answer 500, as a bug would."""


def score(text: str) -> dict[str, Any]:
    """Any fixed function of the text will do: what is tested is the way, not the model."""
    value = round(crc32(text.encode("utf-8", "replace")) % 100_001 / 100_000, 5)
    return {"label": "NEGATIVE" if value <= 0.4 else "POSITIVE" if value >= 0.7 else "NEUTRAL", "score": value}


class ServeSimulator:
    """Listens on a loopback port until ``close``. ``faults`` are used up one by one, each as ``(status, headers)``."""

    def __init__(
        self, port: int = 0, *, version: str = "20260101T000000Z-aaaaaa", languages: tuple[str, ...] = ("en",)
    ) -> None:
        self.version = version
        self.languages = languages
        self.faults: deque[tuple[int, dict[str, str]]] = deque()
        self.delay_seconds = 0.0
        self.refuse_batches_with_poison = False
        self.calls: Counter[str] = Counter()
        self.api_keys: list[str | None] = []
        self.texts: list[str] = []
        self.remember_texts = False
        simulator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def log_message(self, *_args: object) -> None:
                pass

            def do_GET(self) -> None:
                if self.path == "/model":
                    self._answer(200, {"version": simulator.version, "languages": list(simulator.languages)})
                elif self.path == "/ready":
                    self._answer(200, {"ready": True, "reasons": [], "model_version": simulator.version})
                elif self.path == "/fired":
                    self._answer(200, dict(simulator.calls))
                else:
                    self._answer(404, {"code": "not_found"})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                simulator.api_keys.append(self.headers.get("X-API-Key"))
                status, answer, headers = simulator.answer(body)
                self._answer(status, answer, headers)

            def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
                simulator.calls[str(status)] += 1
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json" if status == 200 else "application/problem+json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def answer(self, body: bytes) -> tuple[int, Any, dict[str, str]]:
        """Return status, body and headers for one ``POST /predict``."""
        time.sleep(self.delay_seconds)
        if self.faults:
            status, headers = self.faults.popleft()
            self.calls[f"fault {status}"] += 1
            return status, {"code": "overloaded" if status == 429 else "fault", "detail": "on order"}, headers
        try:
            given = json.loads(body)
        except ValueError:
            return 400, {"code": "not_json", "detail": "not JSON"}, {}
        if "texts" not in given:
            return self._answer_single(given)
        texts = given["texts"]
        if len(texts) > MOST_TEXTS:
            return 422, {"code": "too_many_texts", "detail": f"{len(texts)} texts"}, {}
        return self._answer_batch(texts)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer_single(self, given: Any) -> tuple[int, Any, dict[str, str]]:
        if not isinstance(given.get("text"), str):
            return 422, {"code": "text_missing", "detail": "no text"}, {}
        return 200, score(given["text"]), {"X-Model-Version": self.version}

    def _answer_batch(self, texts: list[Any]) -> tuple[int, Any, dict[str, str]]:
        if any(POISON in str(text) for text in texts):
            if self.refuse_batches_with_poison:
                return 422, {"code": "text_not_string", "detail": "the whole batch for one text"}, {}
            self.calls["poison"] += 1
            return 500, {"code": "internal_error", "detail": "poison"}, {}
        if self.remember_texts:
            self.texts += texts
        predictions = [self._answer_row(text) for text in texts]
        return 200, {"predictions": predictions, "model_version": self.version}, {"X-Model-Version": self.version}

    def _answer_row(self, text: Any) -> dict[str, Any]:
        if not isinstance(text, str):
            return {"error": {"code": "text_not_string", "detail": "not a string"}}
        if len(text) > LONGEST_TEXT:
            return {"error": {"code": "text_too_long", "detail": f"{len(text)} characters"}}
        return score(text)


if __name__ == "__main__":
    print(ServeSimulator(int(sys.argv[1])).url, flush=True)
    threading.Event().wait()
