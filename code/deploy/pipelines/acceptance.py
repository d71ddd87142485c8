"""What a deployed app must answer before it is trusted: its version, readiness, and the one thing that it is for.

Nothing here changes anything: no run is started, and what needs a token is called without one, to be refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from deploy.pipelines.calls import NoAnswerError, call
from deploy.pipelines.failure import JobFailedError

READY_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 2.0
_TOLERANCE: Final = 1e-4  # what a release's own golden predictions may differ by
_LABELS: Final = ("NEGATIVE", "NEUTRAL", "POSITIVE")
_GOOD: Final = "I love this, what a wonderful day!"
_BAD: Final = "This is awful, I hate it so much."


@dataclass(frozen=True)
class App:
    """A deployed app: its name, where it answers, and a key for calls that a serve with accounts guards."""

    name: str
    address: str
    key: str = ""

    def expect(self, status: int, method: str, path: str, body: object = None) -> Any:
        """Return the body of an answer with ``status``; ``JobFailedError`` for any other, or none."""
        headers = {"X-API-Key": self.key} if self.key else {}
        try:
            answer = call(method, f"{self.address.rstrip('/')}{path}", body, headers)
        except NoAnswerError as error:
            raise JobFailedError(str(error)) from None
        if answer.status != status:
            raise JobFailedError(f"{method} {path} was answered with {answer.status}, not {status}: {answer.body}")
        return answer.body


def accept(app: App, version: str, *, ready_seconds: float = READY_SECONDS) -> list[str]:
    """Return what was tried of ``app``; ``JobFailedError`` at the first answer that is not as promised."""
    _wait_until_ready(app, version, ready_seconds)
    return [f"version {version} is ready", *_USES[app.name](app)]


def _wait_until_ready(app: App, version: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            health = app.expect(200, "GET", "/health")
            if health["version"] == version:
                app.expect(200, "GET", "/ready")
                return
            reason = f"/health says {health['version']} instead of version {version}"
        except JobFailedError as error:
            reason = str(error)
        if time.monotonic() > deadline:
            raise JobFailedError(f"{app.name} is not ready after {seconds:.0f} s: {reason}")
        time.sleep(min(_POLL_SECONDS, seconds))


def _use_serve(app: App) -> list[str]:
    """Score two sentences whose order no release may get wrong, alone and in a batch."""
    good, bad = (_predict(app, text) for text in (_GOOD, _BAD))
    if not 0 <= bad < good <= 1:
        raise JobFailedError(f"'{_GOOD}' scores {good} and '{_BAD}' {bad}")
    batch = app.expect(200, "POST", "/predict", {"texts": [_GOOD, _BAD, ""]})
    scores = [row["score"] for row in batch["predictions"]]
    if max(abs(scores[0] - good), abs(scores[1] - bad)) > _TOLERANCE:
        raise JobFailedError(f"a batch scores {scores}, one at a time it was {good} and {bad}")
    app.expect(422, "POST", "/predict", {"text": 5})
    return [f"scores {bad:.2f} and {good:.2f}, alone and in a batch", "refuses what is no text"]


def _predict(app: App, text: str) -> float:
    answer = app.expect(200, "POST", "/predict", {"text": text})
    if answer["label"] not in _LABELS:
        raise JobFailedError(f"'{text}' is labelled {answer['label']}")
    return float(answer["score"])


def _use_train(app: App) -> list[str]:
    app.expect(200, "GET", "/runs")
    models = app.expect(200, "GET", "/models")
    app.expect(401, "GET", "/train")
    return [f"lists runs and models (live: {models['current']})", "trains for nobody without the token"]


def _use_stream(app: App) -> list[str]:
    for path in ("/", "/api/summary", "/api/tweets?limit=1", "/api/gaps"):
        app.expect(200, "GET", path)
    app.expect(401, "POST", "/api/dead-letters/none/retry")
    return ["shows its page, a summary, tweets and gaps", "retries for nobody without the token"]


_USES: Final[dict[str, Callable[[App], list[str]]]] = {
    "serve": _use_serve,
    "train": _use_train,
    "stream": _use_stream,
}
