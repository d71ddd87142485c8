"""What a caller asks: one text or many, read from the body by the rules of ``POST /predict``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, NoReturn

import orjson

from sentiment.errors import PermanentError

LONGEST_TEXT: Final = 10_000
"""Characters."""
MOST_TEXTS: Final = 1_024


class Question(NamedTuple):
    """``rows`` holds a text for each row that can be predicted and the error for each that cannot."""

    rows: Sequence[str | PermanentError]
    batch: bool

    @property
    def texts(self) -> list[str]:
        """The rows that can be predicted, in order."""
        return [row for row in self.rows if isinstance(row, str)]


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
