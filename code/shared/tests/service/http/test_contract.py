"""What is noted at a view comes out in the document, and a note changes nothing of what the view answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import BaseModel, BeforeValidator, Field

from develop.contracts.document import make_document
from develop.contracts.snapshot import STALE, UPDATE, is_current
from sentiment.errors import PermanentError
from sentiment.service.http.app import Readiness, create_web_app, require_token
from sentiment.service.http.contract import (
    FORM,
    JSON,
    Body,
    Contract,
    Operation,
    Parameters,
    answer,
    describe,
    problem,
    read_operation,
    read_query,
    text,
)
from sentiment.service.settings import AppSettings

CONTRACT = Contract(
    title="example",
    description="An example.",
    security_schemes={"bearer": {"type": "http", "scheme": "bearer"}},
    others={"/page": Operation("page", "A library's page", (text(200, "The page.", "text/html"),))},
)


def read_size(sent: str) -> int:
    if not sent.isdecimal():
        raise PermanentError("size is a number", code="bad_size")
    return int(sent)


class SizeQuery(Parameters):
    size: Annotated[int, BeforeValidator(read_size)] = Field(3, ge=1, le=9, description="How big.")


class ThingPath(Parameters):
    name: str = Field(pattern="^[a-z]+$")


class Wish(BaseModel):
    """What is wished for."""

    words: str = Field(default_factory=str, max_length=5)


class Thing(BaseModel):
    size: int
    note: str | None


class Things(BaseModel):
    things: list[Thing]


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    (tmp_path / "openapi.json").write_text("{}")
    web = create_web_app(
        "example", AppSettings(), folder=tmp_path, readiness=lambda: Readiness([], {}), statuses={"bad_size": 422}
    )

    @web.get("/things")
    @describe(
        "listThings", "Things", answer(200, "All.", Things), problem(422, "No number.", "bad_size"), query=SizeQuery
    )
    def things() -> dict[str, Any]:
        return {"things": [{"size": read_query(SizeQuery).size, "note": None}]}

    @web.post("/things/<name>")
    @describe(
        "makeThing",
        "Make a thing",
        answer(201, "Made.", Thing, X_Size="How big."),
        problem(401, "No token.", "unauthorized"),
        problem(503, "Down.", "store_down"),
        description="It stays.",
        path=ThingPath,
        body=Body(Wish, media_types=(JSON, FORM), required=False, examples={"one": {"words": "big"}}),
        security=("", "bearer"),
    )
    @require_token(None)
    def make(name: str) -> tuple[dict[str, Any], int]:
        return {"size": len(name), "note": name}, 201

    @web.get("/page")
    def page() -> str:
        return "a page"

    @web.get("/hidden")
    def hidden() -> str:
        return "not described"

    return web


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    return make_document(app, CONTRACT)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_every_described_route_is_in_the_document_and_no_other(document: dict[str, Any]) -> None:
    shared = {"/health", "/ready", "/metrics", "/openapi.json"}
    assert set(document["paths"]) == shared | {"/things", "/things/{name}", "/page"}
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "example"


def test_parameters_and_bodies_come_from_their_models(document: dict[str, Any]) -> None:
    (size, _) = document["paths"]["/things"]["get"]["parameters"]
    assert size == {
        "name": "size", "in": "query", "required": False, "description": "How big.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3, "description": "How big."},
    }  # fmt: skip
    make = document["paths"]["/things/{name}"]["post"]
    assert make["parameters"][0]["schema"] == {"type": "string", "pattern": "^[a-z]+$"}
    assert set(make["requestBody"]["content"]) == {JSON, FORM}
    assert make["requestBody"]["required"] is False
    assert make["requestBody"]["content"][JSON]["examples"] == {"one": {"value": {"words": "big"}}}
    assert (make["description"], make["security"]) == ("It stays.", [{}, {"bearer": []}])
    assert document["components"]["schemas"]["Wish"] == {
        "type": "object", "description": "What is wished for.", "properties": {"words": {"type": "string", "maxLength": 5}},
    }  # fmt: skip


def test_answers_have_their_bodies_headers_and_codes(document: dict[str, Any]) -> None:
    made = document["paths"]["/things/{name}"]["post"]["responses"]
    assert set(made) == {"201", "401", "500", "503"}
    assert made["201"]["content"] == {JSON: {"schema": {"$ref": "#/components/schemas/Thing"}}}
    assert made["201"]["headers"]["X-Size"]["description"] == "How big."
    assert made["401"]["description"] == "No token. Codes: `unauthorized`."
    (shape, codes) = made["401"]["content"]["application/problem+json"]["schema"]["allOf"]
    assert shape == {"$ref": "#/components/schemas/Problem"}
    assert codes == {"properties": {"code": {"enum": ["unauthorized"]}}}
    assert made["503"]["headers"]["Retry-After"]["schema"] == {"type": "integer", "minimum": 1}
    assert "Retry-After" not in made["401"]["headers"]


def test_every_answer_carries_the_request_id_and_every_call_may_send_one(document: dict[str, Any]) -> None:
    for path in document["paths"].values():
        for operation in path.values():
            assert {"$ref": "#/components/parameters/RequestId"} in operation["parameters"]
            for found in operation["responses"].values():
                assert found["headers"]["X-Request-ID"] == {"$ref": "#/components/headers/RequestId"}


def test_a_document_is_plain_json_without_repeated_names(document: dict[str, Any]) -> None:
    written = json.dumps(document)
    assert '"title": "Size"' not in written
    assert ".0" not in written.replace("3.1.0", "").replace("1.0.0", "")


def test_a_note_is_read_off_the_view_and_is_all_that_changes(app: Flask) -> None:
    noted = read_operation(app.view_functions["make"])
    assert noted is not None
    assert (noted.name, noted.path, noted.query) == ("makeThing", ThingPath, None)
    assert read_operation(app.view_functions["hidden"]) is None


def test_a_query_is_read_by_its_model_and_refused_in_the_routes_own_words(client: FlaskClient) -> None:
    assert client.get("/things").json == {"things": [{"size": 3, "note": None}]}
    assert client.get("/things?size=7&size=8&more=1").json == {"things": [{"size": 7, "note": None}]}
    refused = client.get("/things?size=big")
    assert (refused.status_code, refused.mimetype) == (422, "application/problem+json")
    assert refused.json is not None
    assert (refused.json["code"], refused.json["detail"]) == ("bad_size", "size is a number")


def test_what_is_answered_is_not_held_against_the_note(client: FlaskClient) -> None:
    assert client.post("/things/abc").json == {"size": 3, "note": "abc"}
    assert client.post("/things/NOT-AS-DESCRIBED").status_code == 201


def test_a_snapshot_that_differs_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(UPDATE, raising=False)
    snapshot = tmp_path / "openapi.json"
    snapshot.write_text("{}\n")
    assert not is_current({"openapi": "3.1.0"}, snapshot)
    assert "make contracts" in STALE
    monkeypatch.setenv(UPDATE, "1")
    assert is_current({"openapi": "3.1.0"}, snapshot)
    monkeypatch.delenv(UPDATE)
    assert is_current({"openapi": "3.1.0"}, snapshot)
    assert json.loads(snapshot.read_text()) == {"openapi": "3.1.0"}
