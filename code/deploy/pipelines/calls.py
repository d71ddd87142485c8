"""HTTP calls of the jobs: JSON in, JSON out, and every failure a sentence."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

_SECONDS: Final = 30.0


class Answer(NamedTuple):
    """A status and what came with it; ``body`` is text when it is not JSON."""

    status: int
    body: Any


class NoAnswerError(Exception):
    """Nobody answered: refused, reset, timed out, or not HTTP."""


def call(method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the answer whatever its status; ``NoAnswerError`` when there is none, ``ValueError`` for a bad address."""
    given = {"Accept": "application/json", **(headers or {})}
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        given["Content-Type"] = "application/json"
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url} is not an http address")
    request = urllib.request.Request(url, data, given, method=method)  # noqa: S310 - the scheme was looked at
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 - the same  # nosec B310
            return Answer(response.status, _read(response.read()))
    except urllib.error.HTTPError as error:
        return Answer(error.code, _read(error.read()))
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswerError(f"{method} {url}: {error}") from None


def _read(data: bytes) -> Any:
    text = data.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
