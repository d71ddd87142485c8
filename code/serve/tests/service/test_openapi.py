"""The description is complete and true: every route is in it, and every code that the app can answer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr

from develop.contracts.document import make_document
from develop.contracts.snapshot import STALE, is_current
from libs.model.live import LiveModel
from libs.service.application import WEB, build_app
from libs.service.contract import CONTRACT
from libs.service.settings import ServeSettings

APP = Path(__file__).parents[2] / "app"
SPEC: dict[str, Any] = json.loads((WEB / "openapi.json").read_text(encoding="utf-8"))
_NOT_API = {"static", "swagger_ui.show"}


def list_operations(app: Flask) -> set[tuple[str, str]]:
    return {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in _NOT_API
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def list_described_codes() -> set[str]:
    return {
        code
        for path in SPEC["paths"].values()
        for operation in path.values()
        for answer in operation["responses"].values()
        for schema in answer.get("content", {}).get("application/problem+json", {}).get("schema", {}).get("allOf", [])
        for code in schema.get("properties", {}).get("code", {}).get("enum", [])
    }


@pytest.fixture
def guarded(settings: ServeSettings, live: LiveModel, tmp_path: Path) -> Flask:
    """The app with accounts on, which has every route; its database is never opened here."""
    changes = {"users_url": SecretStr(f"sqlite:///{tmp_path / 'users.db'}"), "secret_key": SecretStr("k" * 32)}
    return build_app(settings.model_copy(update=changes), live)


def test_the_description_is_what_the_routes_say(guarded: Flask) -> None:
    assert is_current(make_document(guarded, CONTRACT), WEB / "openapi.json"), STALE


def test_every_route_is_described_and_nothing_else(app: Flask, guarded: Flask) -> None:
    described = {(path, method.upper()) for path, methods in SPEC["paths"].items() for method in methods}
    assert described == list_operations(guarded)
    assert list_operations(app) < described


def test_every_code_that_a_caller_can_meet_is_described() -> None:
    libs = APP / "libs"
    paths = [*(libs / "predict").glob("*.py"), libs / "model" / "live.py", *(libs / "accounts").glob("*.py")]
    raised = {code for path in paths for code in re.findall(r'code="(\w+)"', path.read_text(encoding="utf-8"))}
    assert {"not_json", "overloaded", "users_down"} < raised
    assert raised <= list_described_codes()


def test_every_reference_leads_somewhere() -> None:
    references = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(SPEC))
    assert references
    for reference in references:
        place: Any = SPEC
        for part in reference.split("/"):
            assert part in place, reference
            place = place[part]


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/openapi.json", "/docs/", "/", "/model"])
def test_what_is_described_answers(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 200
