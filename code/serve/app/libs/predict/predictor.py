"""``POST /predict`` from the WSGI environment to the bytes of the answer, whichever way the request came in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

import orjson

from libs.accounts.callers import Callers
from libs.model.live import LiveModel
from libs.predict.admission import Admission, arrival, read_deadline
from libs.predict.answer import answer_question
from libs.predict.question import read_question
from libs.service.metrics import TEXTS, count_predictions
from sentiment.errors import PermanentError

BODY_LIMIT: Final = 16 * 1024 * 1024
_YES_NO: Final = {"true": True, "1": True, "false": False, "0": False}


class Reply(NamedTuple):
    """A computed answer: its JSON, the release that gave it, and what the access log says of it."""

    body: bytes
    model_version: str
    log_fields: dict[str, Any]


class Predictor:
    """Reads a question, waits for a slot, answers on the release that is live at that moment."""

    def __init__(
        self, live: LiveModel, admission: Admission, callers: Callers | None = None, *, log_texts: bool = False
    ) -> None:
        """All are one worker's; without ``callers`` anybody may ask, and nothing is recorded."""
        self._live = live
        self._admission = admission
        self._callers = callers
        self._log_texts = log_texts

    def answer(self, environ: Mapping[str, Any]) -> Reply:
        """Return the reply; raises ``PermanentError`` or ``TransientError`` with a code of ``POST /predict``."""
        deadline = read_deadline(environ.get("HTTP_X_REQUEST_DEADLINE_MS"), arrival.get() or time.monotonic())
        explain = read_explain(environ.get("QUERY_STRING", ""))
        user = self._callers.identify(environ) if self._callers else None
        body = read_body(environ)
        with self._admission.admit(deadline):
            question = read_question(read_mimetype(environ), body)
            classifier = self._live.require_classifier()
            answer, predictions = answer_question(classifier, question, explain=explain)
        count_predictions(predictions)
        TEXTS.observe(len(question.rows))
        fields: dict[str, Any] = {"texts": len(question.rows), "model_version": classifier.version}
        if self._log_texts:
            fields["sent"] = [text.encode("utf-8", "replace").decode() for text in question.texts]
        if user and self._callers:
            self._callers.record(user, question.texts, predictions, classifier.version)
            fields["user"] = user.username
        return Reply(orjson.dumps(answer), classifier.version, fields)


def read_mimetype(environ: Mapping[str, Any]) -> str:
    """Return the content type without its parameters, in lower case."""
    content_type: str = environ.get("CONTENT_TYPE", "")
    return content_type.partition(";")[0].strip().lower()


def read_explain(query: str) -> bool:
    """Return what ``?explain=`` says; ``PermanentError("bad_parameter")`` when it says neither yes nor no."""
    if not query:
        return False
    value = parse_qs(query, keep_blank_values=True).get("explain", ["false"])[-1]
    if value not in _YES_NO:
        raise PermanentError("explain is true or false", code="bad_parameter")
    return _YES_NO[value]


def read_body(environ: Mapping[str, Any]) -> bytes:
    """Return the whole body, of announced length or in chunks; ``PermanentError("body_too_large")`` over 16 MiB."""
    announced = environ.get("CONTENT_LENGTH") or ""
    length = int(announced) if announced.isdecimal() else None
    if length is not None and length > BODY_LIMIT:
        raise PermanentError("a body may have 16 MiB at most", code="body_too_large")
    body: bytes = environ["wsgi.input"].read(BODY_LIMIT + 1 if length is None else length)
    if len(body) > BODY_LIMIT:
        raise PermanentError("a body may have 16 MiB at most", code="body_too_large")
    return body
