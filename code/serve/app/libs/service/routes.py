"""``POST /predict`` and ``GET /model``."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, request

from libs.model.live import LiveModel
from libs.predict.hot_path import HotPath, take_failure
from libs.predict.predictor import Predictor
from libs.service.metrics import REJECTIONS
from sentiment.errors import SentimentError

_SHOWN = {"version", "created_at", "labels", "thresholds_source", "languages", "metrics", "warnings"}


def register_predictions(app: Flask, live: LiveModel, predictor: Predictor) -> None:
    """Add the routes that need the model."""
    app.wsgi_app = HotPath(app.wsgi_app, predictor)  # type: ignore[method-assign]

    @app.post("/predict")
    def predict() -> Response:
        try:
            take_failure(request.environ)
            reply = predictor.answer(request.environ)
        except SentimentError as error:
            REJECTIONS.labels(error.code).inc()
            raise
        g.log_fields |= reply.log_fields
        return Response(reply.body, content_type="application/json", headers={"X-Model-Version": reply.model_version})

    @app.get("/model")
    def describe_model() -> dict[str, Any]:
        manifest = live.require_classifier().manifest
        described: dict[str, Any] = manifest.model_dump(mode="json", include=_SHOWN)
        return described | {"thresholds": manifest.thresholds._asdict()}
