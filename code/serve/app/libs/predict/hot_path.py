"""A predicted text leaves before Flask: its routing, contexts and hooks cost more than the prediction.

Only answers with status 200 are given here. Whatever goes wrong is carried into Flask and raised there, so that there
is one place where errors become answers.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from libs.predict.predictor import Predictor
from libs.service.metrics import count_request
from sentiment.service.http.app import log_request
from sentiment.service.logs import request_id, take_request_id

FAILURE: Final = "sentiment.failure"


class HotPath:
    """WSGI middleware: answers ``POST /predict`` itself and hands everything else on."""

    def __init__(self, app: WSGIApplication, predictor: Predictor) -> None:
        """``app`` is Flask's WSGI app, whose own ``/predict`` raises what it finds under ``FAILURE``."""
        self._app = app
        self._predictor = predictor

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request. A browser's call from another origin needs Flask's CORS headers, so it goes there."""
        if environ["PATH_INFO"] != "/predict" or environ["REQUEST_METHOD"] != "POST" or "HTTP_ORIGIN" in environ:
            return self._app(environ, start_response)
        started = time.perf_counter()
        environ["HTTP_X_REQUEST_ID"] = request = take_request_id(environ.get("HTTP_X_REQUEST_ID"))
        request_id.set(request)
        try:
            reply = self._predictor.answer(self._predictor.read(environ))
        except Exception as error:  # noqa: BLE001 - raised again inside Flask, where errors are translated
            environ[FAILURE] = error
            return self._app(environ, start_response)
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(reply.body))),
            ("X-Model-Version", reply.model_version),
            ("X-Request-ID", request),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response("200 OK", headers)
        count_request("/predict", 200, time.perf_counter() - started)
        log_request("POST", "/predict", 200, started, reply.log_fields)
        return [reply.body]


def take_failure(environ: dict[str, Any]) -> None:
    """Raise what the hot path could not answer, if anything."""
    if FAILURE in environ:
        raise environ.pop(FAILURE)
