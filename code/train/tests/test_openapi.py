"""The description is what the routes say, and what they answer is as described."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from develop.contracts.document import make_document
from develop.contracts.snapshot import STALE, is_current
from develop.fixtures.tiny_release import publish_tiny_release
from libs.runs.lease import Process
from libs.runs.record import finish_run, new_run, write_run
from libs.service.contract import CONTRACT, TrainReady
from libs.service.pages import register_pages
from libs.service.release_routes import make_readiness
from libs.service.routes import register_routes
from libs.service.server import STATUSES, WEB_FOLDER
from libs.service.settings import TrainSettings
from sentiment.release.promotion import promote_release
from sentiment.service.http.app import create_web_app
from sentiment.store import Store

SPEC: dict[str, Any] = json.loads((WEB_FOLDER / "openapi.json").read_text(encoding="utf-8"))


@pytest.fixture
def app(settings: TrainSettings, store: Store) -> Flask:
    made = create_web_app(
        "train", settings, folder=WEB_FOLDER, readiness=make_readiness(store), ready_model=TrainReady, statuses=STATUSES
    )
    register_routes(made, settings, store, Process.of(os.getpid()))
    register_pages(made, settings, store)
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_the_description_is_what_the_routes_say(app: Flask) -> None:
    assert is_current(make_document(app, CONTRACT), WEB_FOLDER / "openapi.json"), STALE


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with a live release, one that cannot be read, and a run that failed."""
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "first")
    publish_tiny_release(store, "v2")
    store.write("models/v2/manifest.json", b"{}")
    write_run(store, finish_run(new_run("sample", {"epochs": 2}), "failed", error="no", code="one_label"))
    return store


@pytest.mark.parametrize(
    ("method", "path", "asked", "status"),
    [
        ("get", "/health", "/health", 200),
        ("get", "/ready", "/ready", 200),
        ("get", "/runs", "/runs?limit=1", 200),
        ("get", "/runs", "/runs?limit=no", 422),
        ("get", "/runs/{run_id}", "/runs/never", 404),
        ("delete", "/runs/{run_id}", "/runs/never", 404),
        ("get", "/train", "/train?wait=1", 422),
        ("get", "/models", "/models", 200),
        ("get", "/models", "/models?at=2099-01-01T00:00:00Z", 200),
        ("get", "/models", "/models?at=2000-01-01T00:00:00Z", 404),
        ("post", "/models/{version}/promote", "/models/v1/promote", 200),
        ("post", "/models/{version}/promote", "/models/v2/promote", 422),
        ("post", "/models/{version}/promote", "/models/none/promote", 404),
        ("post", "/models/rollback", "/models/rollback", 409),
        ("get", "/models/{version}/{name}", "/models/v1/none.html", 404),
    ],
)
def test_answers_are_as_described(
    client: FlaskClient, filled: Store, *, method: str, path: str, asked: str, status: int
) -> None:
    answer = client.open(asked, method=method)
    assert answer.status_code == status
    schema = SPEC["paths"][path][method]["responses"][str(status)]["content"][answer.mimetype]["schema"]
    Draft202012Validator({**schema, "components": SPEC["components"]}).validate(answer.get_json())
