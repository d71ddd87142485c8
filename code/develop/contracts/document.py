"""The OpenAPI document of an app, generated from what ``describe`` noted on its views.

flask-openapi reads the parameters and puts the document together. It runs here and in the suites, not in the apps: as
the base of a running app it would refuse wrong requests before the app's own checks do, and in other words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from flask import Flask
from flask_openapi.openapi import OpenAPI
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from sentiment.service.http.contract import PROBLEM, Answer, Body, Contract, Operation, problem, read_operation
from sentiment.service.http.models import Problem

DEFECT: Final = problem(500, "A defect of this app; the log has the request id.", "internal_error")
"""What every route may answer; one that describes the status itself says more."""
_REQUEST_ID: Final = "RequestId"
_TEXT: Final = {"type": "string"}
_SHARED: Final[dict[str, Any]] = {
    "headers": {
        _REQUEST_ID: {"description": "The caller's id when it was a plain one, else a new one.", "schema": _TEXT}
    },
    "parameters": {
        _REQUEST_ID: {
            "name": "X-Request-ID",
            "in": "header",
            "description": "Taken when it matches `[A-Za-z0-9._-]{1,64}`, else replaced.",
            "schema": _TEXT,
        }
    },
}


def make_document(app: Flask, contract: Contract) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of every described route of ``app``."""
    operations = list(list_operations(app, contract))
    schemas = Schemas([operation for _, _, operation in operations])
    described = _make_describer(app.name, contract)
    for rule, method, operation in operations:
        _add_operation(described, rule, method, operation, schemas)
    document: dict[str, Any] = _tidy(described.api_doc)
    # The library's own schema classes know fewer words than pydantic's schemas hold.
    document["components"] |= {"schemas": dict(sorted(schemas.definitions.items())), **_SHARED}
    for path in document["paths"].values():
        for operation in path.values():
            operation.setdefault("parameters", []).append({"$ref": f"#/components/parameters/{_REQUEST_ID}"})
    return document


def list_operations(app: Flask, contract: Contract) -> Iterator[tuple[str, str, Operation]]:
    """Yield ``(rule, method in lower case, operation)`` of each described route, sorted by path and method."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods or ()))):
        operation = contract.others.get(rule.rule) or read_operation(app.view_functions[rule.endpoint])
        if operation is not None:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule.rule, method.lower(), operation


class Schemas:
    """Every model of the operations as a JSON schema: bodies as they are read, answers as they are written."""

    def __init__(self, operations: list[Operation]) -> None:
        """Name each model's schema after its class; ``definitions`` holds them all."""
        answers = [answer for operation in operations for answer in (*operation.answers, DEFECT)]
        wanted: list[tuple[JsonSchemaMode, Any]] = [
            *(("validation", operation.body.model) for operation in operations if operation.body),
            *(("serialization", model) for answer in answers for model in answer.content.values()),
        ]
        self._wanted = [pair for number, pair in enumerate(wanted) if pair not in wanted[:number]]
        self._found, definitions = TypeAdapter.json_schemas(
            [(number, mode, TypeAdapter(model)) for number, (mode, model) in enumerate(self._wanted)],
            ref_template="#/components/schemas/{model}",
            schema_generator=_Untitled,
        )
        self.definitions: dict[str, Any] = definitions["$defs"]

    def refer(self, mode: JsonSchemaMode, model: Any) -> JsonSchemaValue:
        """Return the schema of one model, a reference where it has a name."""
        return self._found[self._wanted.index((mode, model)), mode]


class _Untitled(GenerateJsonSchema):
    """Titles that only repeat a name are left out."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's own signature
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        made.pop("title", None)
        return made


def _make_describer(name: str, contract: Contract) -> OpenAPI:
    describer = OpenAPI(
        name,
        info={
            "title": contract.title,
            "version": contract.version,
            "license": {"name": "MIT", "identifier": "MIT"},
            "description": contract.description,
        },
        servers=[{"url": "/"}],
        security_schemes=dict(contract.security_schemes),
        # The library describes its own refusal wherever a route does not describe this status; every route does.
        validation_error_status=DEFECT.status,
        validation_error_model=Problem,
        doc_ui=False,
    )
    describer.openapi_version = "3.1.0"
    return describer


def _add_operation(describer: OpenAPI, rule: str, method: str, operation: Operation, schemas: Schemas) -> None:
    def stand_in() -> None:
        """Take the place of the view: the library reads parameters from annotations."""

    models = {"path": operation.path, "query": operation.query, "header": operation.headers}
    stand_in.__annotations__ = {name: model for name, model in models.items() if model}
    stand_in.__name__, stand_in.__doc__ = operation.name, None
    body = {"request_body": _describe_body(operation.body, schemas)} if operation.body else {}
    getattr(describer, method)(
        rule,
        operation_id=operation.name,
        summary=operation.summary,
        description=operation.description,
        tags=[{"name": operation.tag}],
        security=[{scheme: []} if scheme else {} for scheme in operation.security],
        responses={
            answer.status: _describe_answer(answer, schemas)
            for answer in sorted((DEFECT, *operation.answers), key=lambda answer: answer.status)
        },
        **body,
    )(stand_in)


def _describe_body(body: Body, schemas: Schemas) -> dict[str, Any]:
    media = {"schema": schemas.refer("validation", body.model)}
    if body.examples:
        media["examples"] = {name: {"value": value} for name, value in body.examples.items()}
    return {"required": body.required, "content": dict.fromkeys(body.media_types, media)}


def _describe_answer(answer: Answer, schemas: Schemas) -> dict[str, Any]:
    content = {media: {"schema": schemas.refer("serialization", model)} for media, model in answer.content.items()}
    if answer.codes:
        narrowed = {"properties": {"code": {"enum": list(answer.codes)}}}
        content[PROBLEM] = {"schema": {"allOf": [content[PROBLEM]["schema"], narrowed]}}
    headers = {**answer.headers, "X-Request-ID": {"$ref": f"#/components/headers/{_REQUEST_ID}"}}
    return {"description": answer.description, "headers": headers, "content": content or None}


def _tidy(value: Any) -> Any:
    """Return the document without what the library adds to each part: floats for whole numbers, titles, ``deprecated``."""
    if isinstance(value, dict):
        kept = {name: _tidy(item) for name, item in value.items() if (name, item) != ("deprecated", False)}
        if "schema" in kept:
            kept["schema"].pop("title", None)
        return kept
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
