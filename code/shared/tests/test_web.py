"""HTTP manners that every app has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g, request
from flask.testing import FlaskClient
from pydantic import SecretStr

from develop.fixtures.log_lines import write_logs
from sentiment.errors import KeyMissingError, PermanentError, TransientError
from sentiment.service.http.app import Readiness, create_web_app, require_token
from sentiment.service.settings import AppSettings


@pytest.fixture
def reasons() -> list[str]:
    return []


@pytest.fixture
def app(tmp_path: Path, reasons: list[str]) -> Flask:
    (tmp_path / "openapi.json").write_text('{"openapi": "3.1.0"}')
    web = create_web_app(
        "example", AppSettings(app_version="1.2.3", app_commit="abc"), folder=tmp_path,
        readiness=lambda: Readiness(reasons, {"model_version": "v1"}), statuses={"text_missing": 422, "no_model": 503},
        body_limit_bytes=1000,
    )  # fmt: skip
    errors: dict[str, Exception] = {
        "permanent": PermanentError("no text", code="text_missing"),
        "missing": KeyMissingError("a/b"),
        "transient": TransientError("no release yet", code="no_model", retry_after_seconds=2.2),
        "bug": RuntimeError("secret detail"),
    }

    @web.get("/fail/<kind>")
    def fail(kind: str) -> None:
        raise errors[kind]

    @web.post("/read")
    def read() -> dict[str, Any]:
        g.log_fields["texts"] = 1
        return {"read": request.get_json()}

    @web.get("/page")
    def page() -> str:
        return "<p>hello</p>"

    @web.post("/change")
    @require_token(SecretStr("right"))
    def change() -> dict[str, bool]:
        return {"changed": True}

    return web


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_health_says_which_app_version_and_commit(client: FlaskClient) -> None:
    body = client.get("/health").json
    assert body is not None
    assert body.pop("uptime_seconds") >= 0
    assert body == {"status": "ok", "app": "example", "version": "1.2.3", "commit": "abc"}


def test_ready_tells_the_reasons_against_it(client: FlaskClient, reasons: list[str]) -> None:
    ready = client.get("/ready")
    assert (ready.status_code, ready.json) == (200, {"ready": True, "reasons": [], "model_version": "v1"})
    reasons.append("no release")
    unready = client.get("/ready")
    assert (unready.status_code, unready.json) == (
        503,
        {"ready": False, "reasons": ["no release"], "model_version": "v1"},
    )


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/fail/permanent", 422, "text_missing"), ("/fail/missing", 404, "key_missing"), ("/fail/transient", 503, "no_model"),
     ("/fail/bug", 500, "internal_error"), ("/nowhere", 404, "not_found"), ("/read", 405, "method_not_allowed")],
)  # fmt: skip
def test_every_failure_is_a_problem(client: FlaskClient, path: str, status: int, code: str) -> None:
    answer = client.get(path, headers={"X-Request-ID": "my-id"})
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    body = json.loads(answer.data)
    assert set(body) == {"type", "title", "status", "detail", "code", "request_id"}
    assert (body["status"], body["code"], body["request_id"]) == (status, code, "my-id")
    assert "secret detail" not in answer.text


def test_a_dependency_that_is_down_says_when_to_try_again(client: FlaskClient) -> None:
    assert client.get("/fail/transient").headers["Retry-After"] == "3"


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    assert "POST" in client.get("/read").headers["Allow"]


def test_a_body_over_the_limit_is_refused(client: FlaskClient) -> None:
    answer = client.post("/read", data=b" " * 1001, content_type="application/json")
    assert (answer.status_code, json.loads(answer.data)["code"]) == (413, "body_too_large")


def test_a_request_id_is_echoed_or_made(client: FlaskClient) -> None:
    assert client.get("/health", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    made = client.get("/health", headers={"X-Request-ID": "a b"}).headers["X-Request-ID"]
    assert made != client.get("/health").headers["X-Request-ID"]


def test_the_access_log_has_the_routes_own_fields(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    with write_logs(capsys) as read_lines:
        client.post("/read", json=["text"])
        client.get("/health")
        (fields,) = read_lines()
    assert (fields["method"], fields["path"], fields["status"], fields["texts"]) == ("POST", "/read", 200, 1)
    assert fields["latency_ms"] >= 0


def test_pages_may_load_nothing_from_elsewhere(client: FlaskClient) -> None:
    answer = client.get("/page")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer ", "Basic right", "Bearer rightx"])
def test_without_the_token_nothing_is_changed(client: FlaskClient, header: str | None) -> None:
    answer = client.post("/change", headers={"Authorization": header} if header else {})
    assert (answer.status_code, json.loads(answer.data)["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_with_the_token_the_call_goes_through(client: FlaskClient) -> None:
    assert client.post("/change", headers={"Authorization": "Bearer right"}).json == {"changed": True}


def test_documentation_needs_no_other_host(client: FlaskClient) -> None:
    page = client.get("/docs/")
    assert page.status_code == 200
    assert 'src="http' not in page.text
    assert 'href="http' not in page.text
    assert "script-src 'self' 'unsafe-inline'" in page.headers["Content-Security-Policy"]  # or Swagger UI stays blank
    with client.get("/docs/swagger-ui-bundle.js") as script:
        assert script.status_code == 200
    assert client.get("/openapi.json").json == {"openapi": "3.1.0"}
    assert client.get("/docs", follow_redirects=True).status_code == 200


def test_metrics_are_prometheus_text(client: FlaskClient) -> None:
    assert "python_info" in client.get("/metrics").text
