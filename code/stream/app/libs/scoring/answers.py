"""serve's answers: what each text came to, and what a failure means."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, get_args

import orjson
import requests

from sentiment.errors import TransientError
from sentiment.model.labels import Label

_LABELS: Final = frozenset(get_args(Label))


class RefusedText(NamedTuple):
    """Why serve will never score this text."""

    code: str
    detail: str


class ScoredText(NamedTuple):
    """A prediction and the release that made it."""

    label: Label
    score: float
    model_version: str


def read_answer(response: requests.Response, texts: int) -> list[ScoredText | RefusedText]:
    """Return the predictions for so many texts; ``TransientError("predict_not_serve")`` when the answer holds no such thing."""
    body = read_object(response)
    rows, version = body.get("predictions"), body.get("model_version")
    if not isinstance(rows, list) or len(rows) != texts or not isinstance(version, str) or not version:
        raise TransientError(
            "serve's answer is not one prediction per text with a model_version", code="predict_not_serve"
        )
    try:
        return [_read_prediction(row, version) for row in rows]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TransientError(f"serve's answer holds no predictions: {error!r}", code="predict_not_serve") from None


def _read_prediction(row: dict[str, Any], version: str) -> ScoredText | RefusedText:
    if "error" in row:
        return RefusedText(str(row["error"]["code"]), str(row["error"].get("detail", ""))[:300])
    label, score = row["label"], float(row["score"])
    if label not in _LABELS or not 0 <= score <= 1:
        raise ValueError(label, score)
    return ScoredText(label, score, version)


def read_object(response: requests.Response) -> dict[str, Any]:
    """Return the body as a JSON object; ``TransientError("predict_not_serve")`` when it is none."""
    try:
        body = orjson.loads(response.content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise TransientError(f"{response.url} does not answer in JSON", code="predict_not_serve")
    return body


def describe_failure(response: requests.Response) -> TransientError:
    """Return the error that a status other than 200 means, with how long to wait if the answer says so."""
    after = response.headers.get("Retry-After", "")
    code = {401: "predict_denied", 403: "predict_denied", 500: "predict_failed"}.get(
        response.status_code, "predict_down"
    )
    detail = f"{response.url} answers {response.status_code}"
    return TransientError(detail, code=code, retry_after_seconds=float(after) if after.isdigit() else 0.0)
