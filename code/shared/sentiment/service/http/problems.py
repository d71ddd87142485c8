"""Errors become ``application/problem+json`` (RFC 9457) here and nowhere else."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from typing import Final

import orjson
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from sentiment.errors import PermanentError, SentimentError, TransientError
from sentiment.service.logs import request_id

logger = logging.getLogger(__name__)

_CODES: Final = {413: "body_too_large", 415: "not_json_type", 400: "bad_request"}
_STATUSES: Final = {"unauthorized": 401, "forbidden": 403, "key_missing": 404, "race_lost": 409, "overloaded": 429}
_TITLES: Final = {
    400: "Bad request", 401: "Not authenticated", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
    408: "Deadline passed", 409: "Conflict", 413: "Body too large", 415: "Unsupported media type", 422: "Cannot be processed",
    429: "Too many requests", 500: "Internal error", 503: "Temporarily unavailable",
}  # fmt: skip


def register_problems(app: Flask, statuses: Mapping[str, int]) -> None:
    """Translate every error of ``app``; ``statuses`` adds the app's own codes to the shared ones.

    A ``PermanentError`` with no status of its own is 422, a ``TransientError`` 503 with ``Retry-After``; anything
    unforeseen is logged with its trace and answered as a bare 500.
    """
    known = {**_STATUSES, **statuses}

    @app.errorhandler(SentimentError)
    def answer_known(error: SentimentError) -> Response:
        status = known.get(error.code, 422 if isinstance(error, PermanentError) else 503)
        response = make_problem(status, error.code, error.detail)
        if isinstance(error, TransientError):
            response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds)))
        if status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response

    @app.errorhandler(HTTPException)
    def answer_http(error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400:
            return Response(error.get_body(), status, error.get_headers())
        code = _CODES.get(status) or re.sub(r"\W+", "_", error.name.lower())
        response = make_problem(status, code, error.description or error.name)
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def answer_unforeseen(error: Exception) -> Response:
        logger.exception("unforeseen error", exc_info=error)
        return make_problem(500, "internal_error", "something failed that should not; the log has the request id")


def make_problem(status: int, code: str, detail: str) -> Response:
    """Build the answer for one problem."""
    title = _TITLES.get(status, "Error")
    body = {"type": f"urn:sentiment:problem:{code}", "title": title, "status": status, "detail": detail, "code": code}
    return Response(orjson.dumps({**body, "request_id": request_id.get()}), status, mimetype="application/problem+json")
