"""Wires the parts of one worker."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import g, render_template, request

from libs.admission import Admission
from libs.live import LiveModel
from libs.metrics import count_request
from libs.predictor import BODY_LIMIT, Predictor
from libs.routes import register_predictions
from libs.settings import ServeSettings
from libs.watcher import ReleaseWatcher
from sentiment.logs import configure_logs
from sentiment.settings import read_settings
from sentiment.store import open_store
from sentiment.web.app import Readiness, create_web_app

if TYPE_CHECKING:
    from flask import Flask, Response

WEB: Final = Path(__file__).parents[1] / "web"
STATUSES: Final = {
    "not_json": 400,
    "body_too_large": 413,
    "not_json_type": 415,
    "deadline_passed": 504,
}  # the rest by kind: 422 for the caller's mistakes, 503 for ours
_BOOT_SECONDS: Final = 15.0
"""Half of gunicorn's patience with a worker that boots."""


def create_app(settings: ServeSettings | None = None) -> Flask:
    """Return the WSGI app of one worker, with its model loaded when the store has one in reach."""
    settings = settings or read_settings(ServeSettings)
    configure_logs("serve", settings.log_level)
    live = LiveModel()
    watcher = ReleaseWatcher(open_store(settings.store_url), settings, live)
    watcher.start()
    app = build_app(settings, live)
    watcher.wait_first_look(_BOOT_SECONDS)
    return app


def build_app(settings: ServeSettings, live: LiveModel) -> Flask:
    """Return the app around a live model that somebody else keeps up to date."""

    def tell_readiness() -> Readiness:
        return Readiness(live.list_obstacles(), live.describe())

    app = create_web_app(
        "serve", settings, folder=WEB, readiness=tell_readiness, statuses=STATUSES, body_limit_bytes=BODY_LIMIT
    )
    register_predictions(app, live, Predictor(live, Admission(settings.slots, settings.waiting)))
    _register_page(app)
    _count_requests(app)
    return app


def _register_page(app: Flask) -> None:
    @app.get("/")
    def show_page() -> str:
        return render_template("index.html", accounts=False)


def _count_requests(app: Flask) -> None:
    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        count_request(route, response.status_code, time.perf_counter() - g.started)
        return response
