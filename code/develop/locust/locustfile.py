"""Load on serve as its callers make it: people who score one text, and stream, which sends batches.

    cd code/develop/locust
    locust --headless --users 20 --spawn-rate 5 --run-time 60s --host http://127.0.0.1:8080 --exit-code-on-error 1

locust lies in the environment ``tools`` (``.local/venvs/tools/bin``).
PREDICT_API_KEY for a serve with accounts. A refusal for overload (429) is counted apart: it is serve's promise, not a failure,
and a caller keeps to its Retry-After.
"""

from __future__ import annotations

import os
import random
from typing import Any, ClassVar

from locust import FastHttpUser, between, constant, events, task

_PARTS = (
    ("love", "hate", "can't stand", "adore", "am not sure about", "miss", "recommend"),
    ("the new app", "this airline", "waiting in line", "my phone's battery", "the support team", "that update"),
    ("!", " today", " :(", " 😀", " #fail", " - thank you so much", ", not good at all"),
)
_BATCH = 256


def make_text(rng: random.Random) -> str:
    """Return a tweet-like text; few are alike, so that no cache can help."""
    return f"@user{rng.randrange(10_000)} I {' '.join(rng.choice(part) for part in _PARTS)}"


class Caller(FastHttpUser):  # type: ignore[misc]  # locust's classes are untyped
    """What both kinds of users share: headers, and what counts as a right answer."""

    abstract = True
    rng: ClassVar[random.Random] = random.Random(2026)  # noqa: S311 - no secret  # nosec B311

    def predict(self, body: dict[str, Any], name: str) -> None:
        """Send one request; anything but a whole answer, or a refusal that says when to come back, is a failure."""
        key = os.environ.get("PREDICT_API_KEY")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        with self.client.post("/predict", json=body, headers=headers, name=name, catch_response=True) as answer:
            if answer.status_code == 429 and answer.headers.get("Retry-After"):
                events.request.fire(
                    request_type="POST", name=f"{name}, told to come back", response_time=0, response_length=0, exception=None,
                    context={},
                )  # fmt: skip
                answer.success()
            elif answer.status_code != 200:
                answer.failure(f"answered with {answer.status_code}")
            elif "texts" in body and len(answer.json()["predictions"]) != len(body["texts"]):
                answer.failure("a batch came back with another number of rows")


class Person(Caller):
    """Somebody, or a small program, that scores one text now and then."""

    weight = 9
    wait_time = between(0.1, 1.0)

    @task
    def score_one(self) -> None:
        """POST one text."""
        self.predict({"text": make_text(self.rng)}, "one text")


class Stream(Caller):
    """A worker of stream: batch after batch, as fast as they are answered."""

    weight = 1
    wait_time = constant(0)

    @task
    def score_batch(self) -> None:
        """POST 256 texts."""
        self.predict({"texts": [make_text(self.rng) for _ in range(_BATCH)]}, f"{_BATCH} texts")
