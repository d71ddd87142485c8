"""What a call of ``POST /predict`` asks, by the rules of that route: read once at the edge, its body only under admission."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn
from urllib.parse import parse_qs

import orjson

from libs.predict.admission import arrival, read_deadline
from sentiment.errors import PermanentError

if TYPE_CHECKING:
    from libs.accounts.tables import User  # both bring SQLAlchemy, which an open service does without
    from libs.accounts.users import Callers

BODY_LIMIT: Final = 16 * 1024 * 1024

LONGEST_TEXT: Final = 10_000
"""Characters."""
MOST_TEXTS: Final = 1_024
_YES_NO: Final = {"true": True, "1": True, "false": False, "0": False}


class PredictRequest(NamedTuple):
    """One call, checked as far as that is possible without parsing its body."""

    deadline: float | None
    """On the monotonic clock; None when the caller waits as long as it takes."""
    explain: bool
    caller: User | None
    """None when anybody may ask."""
    mimetype: str
    """The content type without its parameters, in lower case."""
    body: bytes


class Question(NamedTuple):
    """``rows`` holds a text for each row that can be predicted and the error for each that cannot."""

    rows: Sequence[str | PermanentError]
    batch: bool

    @property
    def texts(self) -> list[str]:
        """The rows that can be predicted, in order."""
        return [row for row in self.rows if isinstance(row, str)]


def read_request(environ: Mapping[str, Any], callers: Callers | None) -> PredictRequest:
    """Return the call that a WSGI environment holds, with its whole body.

    Raises, in this order, ``PermanentError``: ``bad_deadline``, ``bad_parameter``, ``unauthorized``, ``body_too_large``; and
    ``TransientError("users_down")``.
    """
    return PredictRequest(
        deadline=read_deadline(environ.get("HTTP_X_REQUEST_DEADLINE_MS"), arrival.get() or time.monotonic()),
        explain=_read_explain(environ.get("QUERY_STRING", "")),
        caller=callers.identify(environ) if callers else None,
        mimetype=environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower(),
        body=_read_body(environ),
    )


def read_question(mimetype: str, body: bytes) -> Question:
    """Return what the body asks.

    A single text that is wrong is refused; in a batch the wrong row alone carries its error. Raises ``PermanentError``:
    ``not_json_type``, ``not_json``, ``text_missing``, ``text_not_string``, ``text_too_long``, ``too_many_texts``,
    ``text_and_texts``.
    """
    if mimetype != "application/json" and not (mimetype.startswith("application/") and mimetype.endswith("+json")):
        raise PermanentError("send the header 'Content-Type: application/json'", code="not_json_type")
    asked = _parse(body)
    if not isinstance(asked, dict) or not asked.keys() & {"text", "texts"}:
        raise PermanentError('send an object: {"text": "…"} or {"texts": ["…"]}', code="text_missing")
    if "texts" not in asked:
        row = _check_text(asked["text"])
        if isinstance(row, PermanentError):
            raise row
        return Question((row,), batch=False)
    if "text" in asked:
        raise PermanentError("send either 'text' or 'texts', not both", code="text_and_texts")
    return Question([_check_text(row) for row in _check_texts(asked["texts"])], batch=True)


def _check_texts(texts: Any) -> list[Any]:
    if not isinstance(texts, list):
        raise PermanentError("'texts' must be a list of strings", code="text_not_string")
    if len(texts) > MOST_TEXTS:
        raise PermanentError(f"{len(texts)} texts; at most {MOST_TEXTS} fit in one call", code="too_many_texts")
    return texts


def _check_text(text: Any) -> str | PermanentError:
    if not isinstance(text, str):
        return PermanentError("a text must be a string", code="text_not_string")
    if len(text) > LONGEST_TEXT:
        return PermanentError(f"{len(text)} characters; at most {LONGEST_TEXT} are read", code="text_too_long")
    return text


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _parse_leniently(body)


def _parse_leniently(body: bytes) -> Any:
    # orjson refuses a whole body for one lone surrogate ("\ud83d", half an emoji cut off by its sender). JSON allows
    # it, and one bad row must not cost its neighbours.
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise PermanentError("the body is not JSON", code="not_json") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _read_explain(query: str) -> bool:
    """Return what ``?explain=`` says; ``PermanentError("bad_parameter")`` when it says neither yes nor no."""
    if not query:
        return False
    value = parse_qs(query, keep_blank_values=True).get("explain", ["false"])[-1]
    if value not in _YES_NO:
        raise PermanentError("explain is true or false", code="bad_parameter")
    return _YES_NO[value]


def _read_body(environ: Mapping[str, Any]) -> bytes:
    """Return the whole body, of announced length or in chunks; ``PermanentError("body_too_large")`` over 16 MiB."""
    announced = environ.get("CONTENT_LENGTH") or ""
    length = int(announced) if announced.isdecimal() else None
    if length is not None and length > BODY_LIMIT:
        raise PermanentError("a body may have 16 MiB at most", code="body_too_large")
    body: bytes = environ["wsgi.input"].read(BODY_LIMIT + 1 if length is None else length)
    if len(body) > BODY_LIMIT:
        raise PermanentError("a body may have 16 MiB at most", code="body_too_large")
    return body
