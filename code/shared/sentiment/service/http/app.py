"""The Flask app that each of the three starts from."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import wraps
from hmac import compare_digest
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from flask import Blueprint, Flask, Response, g, request
from flask.json.provider import JSONProvider
from flask_swagger_ui import get_swaggerui_blueprint
from prometheus_client.registry import Collector
from pydantic import SecretStr

from sentiment.errors import PermanentError
from sentiment.service.http.contract import answer, describe, text
from sentiment.service.http.metrics import render_metrics
from sentiment.service.http.models import Health, Ready
from sentiment.service.http.problems import register_problems
from sentiment.service.logs import log_access, request_id, take_request_id
from sentiment.service.settings import AppSettings

# Pages load nothing from elsewhere, so a post's text that slipped through escaping could still fetch and run nothing.
_PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'"
)
_QUIET = frozenset({"/health", "/ready", "/metrics"})


class Readiness(NamedTuple):
    """Why an app is not ready (empty when it is), and what else ``/ready`` shows."""

    reasons: list[str]
    details: dict[str, Any]


def create_web_app(
    name: str,
    settings: AppSettings,
    *,
    folder: Path,
    readiness: Callable[[], Readiness],
    ready_model: type[Ready] = Ready,
    statuses: Mapping[str, int],
    body_limit_bytes: int = 16 * 1024 * 1024,
    page_policy: str = _PAGE_POLICY,
    collector: Collector | None = None,
) -> Flask:
    """Return an app with what is the same in all three (probes, problems, request ids, ``/docs``), for the caller's routes.

    ``folder`` holds ``openapi.json``, ``templates/`` and ``static/``. ``ready_model`` describes what ``/ready`` answers with
    the details of ``readiness``. ``statuses`` maps the app's error codes to HTTP statuses. ``collector`` adds to
    ``/metrics`` what is looked up at each scrape. Routes may add fields to their access-log line through
    ``flask.g.log_fields``.
    """
    app = Flask(name, root_path=str(folder), template_folder="templates", static_folder="static")
    app.json = _OrjsonProvider(app)
    app.config["MAX_CONTENT_LENGTH"] = body_limit_bytes
    register_problems(app, statuses)
    _register_requests(app, page_policy)
    _register_probes(app, name, settings)
    _register_readiness(app, readiness, ready_model)
    _register_metrics(app, collector)
    _register_docs(app, (folder / "openapi.json").read_bytes())
    return app


def require_token(token: SecretStr | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a decorator that lets a call through only with the bearer token; with no token set, every call."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            offered = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
            if token is not None and not compare_digest(offered, token.get_secret_value().encode()):
                raise PermanentError("this call needs the header 'Authorization: Bearer <token>'", code="unauthorized")
            return view(*args, **kwargs)

        return guarded

    return decorate


class _OrjsonProvider(JSONProvider):
    """JSON at native speed, with UTF-8 left readable."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        return orjson.dumps(obj, default=str).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        return orjson.loads(s)


def _register_requests(app: Flask, page_policy: str) -> None:
    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()
        g.log_fields = {}
        request_id.set(take_request_id(request.environ.get("HTTP_X_REQUEST_ID")))

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id.get()
        response.headers["X-Content-Type-Options"] = "nosniff"
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Security-Policy", page_policy)
        if request.path not in _QUIET:
            log_request(request.method, request.path, response.status_code, g.started, g.log_fields)
        return response


def log_request(method: str, path: str, status: int, started: float, fields: Mapping[str, Any]) -> None:
    """Write the access-log line of one request; ``started`` is on ``time.perf_counter``'s clock."""
    latency = round((time.perf_counter() - started) * 1000, 3)
    log_access({"method": method, "path": path, "status": status, "latency_ms": latency, **fields})


def _register_probes(app: Flask, name: str, settings: AppSettings) -> None:
    started = time.monotonic()

    @app.get("/health")
    @describe("health", "Is the process alive", answer(200, "It is.", Health))
    def health() -> dict[str, Any]:
        build = {"version": settings.app_version, "commit": settings.app_commit}
        return Health(status="ok", app=name, **build, uptime_seconds=round(time.monotonic() - started, 1)).model_dump()


def _register_readiness(app: Flask, readiness: Callable[[], Readiness], model: type[Ready]) -> None:
    yes, no = answer(200, "They may.", model), answer(503, "They may not; `reasons` says why.", model)

    @app.get("/ready")
    @describe("ready", "May requests be sent here", yes, no, description=model.__doc__ or "")
    def ready() -> tuple[dict[str, Any], int]:
        reasons, details = readiness()
        return {"ready": not reasons, "reasons": reasons, **details}, 503 if reasons else 200


def _register_metrics(app: Flask, collector: Collector | None) -> None:
    @app.get("/metrics")
    @describe(
        "metrics",
        "Prometheus metrics, added up over all workers",
        text(200, "Prometheus text format.", "text/plain"),
    )
    def metrics() -> Response:
        body, content_type = render_metrics(collector)
        return Response(body, content_type=content_type)


def _register_docs(app: Flask, openapi: bytes) -> None:
    @app.get("/openapi.json")
    @describe("describeApi", "This description", answer(200, "OpenAPI 3.1.", dict[str, Any]))
    def describe_api() -> Response:
        return Response(openapi, mimetype="application/json")

    config = {"validatorUrl": None, "oauth2RedirectUrl": "/docs/oauth2-redirect.html"}
    docs: Blueprint = get_swaggerui_blueprint("/docs", "/openapi.json", config=config)

    @docs.after_request
    def allow_start(response: Response) -> Response:
        # Swagger UI starts from a script in its page; nothing that a caller sent is shown on it.
        response.headers["Content-Security-Policy"] = f"{_PAGE_POLICY}; script-src 'self' 'unsafe-inline'"
        return response

    app.register_blueprint(docs)
