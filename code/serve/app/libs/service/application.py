"""The web app of one worker: its parts, made and joined."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import Flask, Response, g, render_template, request

from libs.accounts import contract as accounts
from libs.model.live import LiveModel
from libs.model.loading import LoadRelease
from libs.model.watcher import ReleaseWatcher
from libs.predict.admission import Admission
from libs.predict.predictor import Predictor
from libs.predict.question import BODY_LIMIT
from libs.service.contract import ServeReady
from libs.service.metrics import count_request
from libs.service.routes import register_predictions
from libs.service.settings import AccountSettings, ServeSettings
from sentiment.service.http.app import Readiness, create_web_app
from sentiment.service.http.contract import JSON, Answer, describe
from sentiment.service.logs import configure_logs
from sentiment.service.settings import read_settings
from sentiment.store import open_store

if TYPE_CHECKING:
    from libs.accounts.users import Callers  # brings SQLAlchemy, which an open service does without

logger = logging.getLogger(__name__)

WEB: Final = Path(__file__).parents[2] / "web"
STATUSES: Final = {
    "not_json": 400,
    "body_too_large": 413,
    "not_json_type": 415,
    "deadline_passed": 408,
    "username_taken": 409,
    "too_many_tries": 429,
}  # the rest by kind: 422 for the caller's mistakes, 503 for ours
_BOOT_SECONDS: Final = 15.0
"""Half of gunicorn's time limit for a worker that boots."""
_SHOWN_HEADERS: Final = ["X-Model-Version", "X-Request-ID", "Retry-After"]


def start_app(load: LoadRelease) -> Flask:
    """Return the web app, with a release live when the store has one in reach; ``load`` is ``main.load_release``."""
    settings = read_settings(ServeSettings)
    configure_logs("serve", settings.log_level)
    if settings.accounts is None:
        logger.warning("open service: whoever reaches this address may predict (USERS_URL is not set)")
    live = LiveModel()
    watcher = ReleaseWatcher(open_store(settings.store_url), settings, live, load)
    watcher.start()
    app = build_app(settings, live)
    watcher.wait_first_look(_BOOT_SECONDS)
    return app


def build_app(settings: ServeSettings, live: LiveModel) -> Flask:
    """Return the web app around a live model, which this function does not keep up to date."""

    def tell_readiness() -> Readiness:
        return Readiness(live.list_obstacles(), live.describe())

    app = create_web_app(
        "serve",
        settings,
        folder=WEB,
        readiness=tell_readiness,
        ready_model=ServeReady,
        statuses=STATUSES,
        body_limit_bytes=BODY_LIMIT,
    )
    callers = _register_accounts(app, settings.accounts) if settings.accounts else None
    admission = Admission(settings.slots, settings.waiting)
    register_predictions(app, live, Predictor(live, admission, callers, log_texts=settings.log_texts))
    _register_page(app, callers)
    _allow_origins(app, settings.cors_origins)
    _count_requests(app)
    return app


def _register_accounts(app: Flask, accounts: AccountSettings) -> Callers:
    from libs.accounts.credentials import Tokens
    from libs.accounts.database import UserDatabase
    from libs.accounts.routes import make_accounts
    from libs.accounts.users import Callers

    tokens = Tokens(accounts.secret_key, accounts.token_seconds)
    callers = Callers(UserDatabase(accounts.users_url.get_secret_value()), tokens)
    app.register_blueprint(make_accounts(callers, accounts.login_tries_per_minute))
    app.extensions["callers"] = callers
    return callers


def _register_page(app: Flask, callers: Callers | None) -> None:
    @app.get("/")
    @describe(
        "showPage",
        "The page; with an Authorization header and accounts on, the current user as JSON",
        Answer(200, "The page, or the current user.", {"text/html": str, JSON: accounts.User}),
        accounts.UNKNOWN_CALLER,
        accounts.USERS_DOWN,
        security=("", *accounts.PERSON),
    )
    def show_page() -> str | dict[str, str]:
        if callers and "Authorization" in request.headers:
            return callers.identify_person(request.environ).describe()
        return render_template("index.html", accounts=callers is not None)


def _allow_origins(app: Flask, origins: tuple[str, ...]) -> None:
    if origins:
        from flask_cors import CORS

        CORS(app, origins=list(origins), expose_headers=_SHOWN_HEADERS)


def _count_requests(app: Flask) -> None:
    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        count_request(route, response.status_code, time.perf_counter() - g.started)
        return response
