"""``POST /predict`` and ``GET /model``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask, Response, g, request

from libs.admission import arrival, read_deadline
from libs.answer import answer_question
from libs.metrics import REJECTIONS, TEXTS, count_predictions
from libs.question import read_question
from sentiment.errors import PermanentError, SentimentError

if TYPE_CHECKING:
    from libs.admission import Admission
    from libs.live import LiveModel

_YES_NO = {"true": True, "1": True, "false": False, "0": False}


def register_predictions(app: Flask, live: LiveModel, admission: Admission) -> None:
    """Add the routes that need the model."""

    @app.post("/predict")
    def predict() -> Response:
        try:
            return _predict(live, admission)
        except SentimentError as error:
            REJECTIONS.labels(error.code).inc()
            raise

    @app.get("/model")
    def describe_model() -> dict[str, Any]:
        manifest = live.require_classifier().manifest
        shown = {
            "version",
            "created_at",
            "labels",
            "thresholds",
            "thresholds_source",
            "languages",
            "metrics",
            "warnings",
        }
        described = manifest.model_dump(mode="json", include=shown)
        return described | {"thresholds": manifest.thresholds._asdict()}


def _predict(live: LiveModel, admission: Admission) -> Response:
    deadline = read_deadline(request.headers.get("X-Request-Deadline-Ms"), arrival.get() or time.monotonic())
    explain = _read_explain()
    body = _read_body()
    with admission.admit(deadline):
        question = read_question(request.mimetype, body)
        classifier = live.require_classifier()
        answer, predictions = answer_question(classifier, question, explain=explain)
    count_predictions(predictions)
    TEXTS.observe(len(question.rows))
    g.log_fields["texts"] = len(question.rows)
    g.log_fields["model_version"] = classifier.version
    response = Response(orjson.dumps(answer), mimetype="application/json")
    response.headers["X-Model-Version"] = classifier.version
    return response


def _read_explain() -> bool:
    if not request.query_string:
        return False
    value = request.args.get("explain", "false")
    if value not in _YES_NO:
        raise PermanentError("explain is true or false", code="bad_parameter")
    return _YES_NO[value]


def _read_body() -> bytes:
    limit = request.max_content_length or 0
    length = request.content_length
    if length is None:
        # Werkzeug would cut a chunked body off at the limit without a word, so read one byte further.
        body: bytes = request.environ["wsgi.input"].read(limit + 1)
        length = len(body)
    elif length <= limit:
        body = request.get_data(cache=False)
    if length > limit:
        raise PermanentError("a body may have 16 MiB at most", code="body_too_large")
    return body
