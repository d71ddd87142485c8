"""A stand-in for serve that speaks its HTTP contract, is fast, and fails on order."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from typing import Any, Final
from zlib import crc32

from develop.simulators.listening import Handler, Listener

LONGEST_TEXT: Final = 10_000
MOST_TEXTS: Final = 1_024
POISON: Final = "[[poison]]"
"""A text with this mark makes serve answer 500, as a bug would."""
HANG_UP: Final = 0
"""In ``faults``: the connection is cut without an answer."""
_LONGEST_HOLD_SECONDS: Final = 60.0
Answer = tuple[int, Any, dict[str, str]]


def score(text: str) -> dict[str, Any]:
    """Return any fixed function of the text: what is tested is the way, not the model."""
    value = round(crc32(text.encode("utf-8", "replace")) % 100_001 / 100_000, 5)
    return {"label": "NEGATIVE" if value <= 0.4 else "POSITIVE" if value >= 0.7 else "NEUTRAL", "score": value}


class ServeSimulator:
    """Listens on a loopback port until ``close``. ``faults`` are used up one by one, each as ``(status, headers)``."""

    def __init__(
        self, port: int = 0, *, version: str = "20260101T000000Z-aaaaaa", languages: tuple[str, ...] = ("en",)
    ) -> None:
        """Listen on ``port`` (0 = a free one) and answer at once."""
        self.version = version
        self.languages = languages
        self.faults: deque[tuple[int, dict[str, str]]] = deque()
        self.delay_seconds = 0.0
        self.refuse_batches_with_poison = False
        self.calls: Counter[str] = Counter()
        self.api_keys: list[str | None] = []
        self.texts: list[str] = []
        self.remember_texts = False
        self.gate = threading.Event()
        """While it is cleared, every call waits."""
        self.gate.set()
        self._listener = Listener(port, _ServeHandler, self)
        self.url = f"http://127.0.0.1:{self._listener.server_port}"

    def answer(self, body: bytes) -> Answer:
        """Return status, body and headers for one ``POST /predict``."""
        self._take_time()
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
        """Close the port."""
        self.gate.set()
        self._listener.stop()

    def _take_time(self) -> None:
        if not self.gate.is_set():
            self.calls["held"] += 1
            self.gate.wait(_LONGEST_HOLD_SECONDS)
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
            self.calls["slow"] += 1

    def _answer_single(self, given: Any) -> Answer:
        if not isinstance(given.get("text"), str):
            return 422, {"code": "text_missing", "detail": "no text"}, {}
        return 200, score(given["text"]), {"X-Model-Version": self.version}

    def _answer_batch(self, texts: list[Any]) -> Answer:
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


class _ServeHandler(Handler[ServeSimulator]):
    def do_GET(self) -> None:  # noqa: N802 - http.server names it
        if self.path == "/model":
            self._answer(200, {"version": self.world.version, "languages": list(self.world.languages)})
        elif self.path == "/ready":
            self._answer(200, {"ready": True, "reasons": [], "model_version": self.world.version})
        else:
            self._answer(404, {"code": "not_found"})

    def do_POST(self) -> None:  # noqa: N802 - http.server names it
        body = self.read_body()
        self.world.api_keys.append(self.headers.get("X-API-Key"))
        status, answer, headers = self.world.answer(body)
        if status == HANG_UP:
            self.hang_up()
        else:
            self._answer(status, answer, headers)

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self.world.calls[str(status)] += 1
        self.send_json(status, body, headers)
