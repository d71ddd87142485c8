"""``POST /predict`` and ``GET /model``."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, Response, g, request

from libs.accounts.contract import CALLER, UNKNOWN_CALLER
from libs.model.live import LiveModel
from libs.predict.hot_path import HotPath, take_failure
from libs.predict.predictor import Predictor
from libs.service import contract
from libs.service.metrics import REJECTIONS
from sentiment.errors import SentimentError
from sentiment.service.http.contract import answer, describe, problem

_WRONG_QUESTIONS: Final = (
    "text_missing", "text_not_string", "text_too_long", "too_many_texts", "text_and_texts", "bad_parameter", "bad_deadline",
)  # fmt: skip
_SHOWN: Final = {"version", "created_at", "labels", "thresholds_source", "languages", "metrics", "warnings"}

_describe_prediction: Final = describe(
    "predict",
    "Label and score one text or many",
    answer(
        200,
        "The answer: a prediction for `text`, a batch for `texts`.",
        contract.Prediction | contract.Batch,
        X_Model_Version="The release that answered.",
    ),
    problem(400, "The body cannot be read as JSON.", "not_json", "bad_request"),
    UNKNOWN_CALLER,
    problem(408, "The deadline passed before the work began.", "deadline_passed"),
    problem(413, "Over 16 MiB.", "body_too_large"),
    problem(415, "The content type is not JSON.", "not_json_type"),
    problem(422, "The question is wrong.", *_WRONG_QUESTIONS),
    problem(429, "Too many requests at once.", "overloaded"),
    problem(503, "No release is live yet, or the user database is down.", "no_model", "users_down"),
    description=(
        "Send `text` or `texts`, not both. In a batch a wrong row gets an `error` in its place and costs its "
        "neighbours nothing. Empty text is a text. Single and batch calls take one place each of the same queue; "
        "when it is full, 429."
    ),
    query=contract.PredictQuery,
    headers=contract.PredictHeaders,
    body=contract.QUESTION,
    security=("", *CALLER),
    tag="predictions",
)


def register_predictions(app: Flask, live: LiveModel, predictor: Predictor) -> None:
    """Add the routes that need the model."""
    app.wsgi_app = HotPath(app.wsgi_app, predictor)  # type: ignore[method-assign]

    @app.post("/predict")
    @_describe_prediction
    def predict() -> Response:
        try:
            take_failure(request.environ)
            reply = predictor.answer(predictor.read(request.environ))
        except SentimentError as error:
            REJECTIONS.labels(error.code).inc()
            raise
        g.log_fields |= reply.log_fields
        return Response(reply.body, content_type="application/json", headers={"X-Model-Version": reply.model_version})

    @app.get("/model")
    @describe(
        "describeModel",
        "The release that answers now",
        answer(200, "The release.", contract.Model),
        problem(503, "No release is live yet.", "no_model"),
        tag="predictions",
    )
    def describe_model() -> dict[str, Any]:
        manifest = live.require_classifier().manifest
        described: dict[str, Any] = manifest.model_dump(mode="json", include=_SHOWN)
        return described | {"thresholds": manifest.thresholds._asdict()}
