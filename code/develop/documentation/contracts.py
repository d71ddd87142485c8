"""The pages about HTTP: each app's ``openapi.json`` as tables of Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from develop.documentation.schemas import Schema, describe_type, name_of, render_fields, render_table, resolve
from develop.places import USUAL_PORTS, app_folder

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_PROBLEM: Final = "Problem"
_WRITTEN: Final = (
    "The app serves this contract at `GET /openapi.json`, and a page to try it at `GET /docs`. "
    "This page is written from it by `make docs`."
)


def render_contract(app: str) -> str:
    """Return the page of an app's calls, read off its ``web/openapi.json``."""
    document: Schema = json.loads((app_folder(app) / "web" / "openapi.json").read_text(encoding="utf-8"))
    calls = [
        (method, path, call)
        for path, methods in document["paths"].items()
        for method, call in methods.items()
        if method in _METHODS
    ]
    parts = [_render_head(app, document, calls)]
    parts += [_render_call(document, method, path, call) for method, path, call in calls]
    parts.append("## Objects")
    parts += [
        _render_schema(name, schema) for name, schema in document.get("components", {}).get("schemas", {}).items()
    ]
    return "\n\n".join(parts) + "\n"


def _render_head(app: str, document: Schema, calls: list[tuple[str, str, Any]]) -> str:
    rows = [
        (f"[`{method.upper()} {path}`](#{_anchor(method, path)})", call.get("summary", ""))
        for method, path, call in calls
    ]
    return "\n\n".join(
        [
            f"# HTTP: {app}",
            document["info"].get("description", ""),
            f"Locally at `http://127.0.0.1:{USUAL_PORTS[app]}`. {_WRITTEN}",
            render_table(("call", "what it does"), rows),
        ]
    )


def _render_call(document: Schema, method: str, path: str, call: Schema) -> str:
    parts = [f"## `{method.upper()} {path}` {{ #{_anchor(method, path)} }}", f"{call.get('summary', '').rstrip('.')}."]
    if call.get("description"):
        parts.append(call["description"])
    if needed := _describe_security(call.get("security", document.get("security"))):
        parts.append(f"Needs: {needed}.")
    parameters = [resolve(document, one) for one in call.get("parameters", ())]
    if parameters:
        parts.append(render_table(("parameter", "where", "type", "what"), list(_list_parameters(parameters))))
    if "requestBody" in call:
        parts.append(_render_body(document, resolve(document, call["requestBody"])))
    parts.append(render_table(("status", "answer", "body"), list(_list_answers(document, call["responses"]))))
    return "\n\n".join(parts)


def _describe_security(security: list[dict[str, Any]] | None) -> str:
    if not security:
        return ""
    ways = [" and ".join(f"`{name}`" for name in way) for way in security if way]
    free = " (only where the app has a token or accounts)" if {} in security else ""
    return " or ".join(ways) + free if ways else ""


def _list_parameters(parameters: list[Schema]) -> Iterator[tuple[str, ...]]:
    for one in parameters:
        schema = one.get("schema", {})
        default = f", default `{json.dumps(schema['default']).strip(chr(34))}`" if "default" in schema else ""
        needed = " (required)" if one.get("required") and one["in"] != "path" else ""
        what = one.get("description") or schema.get("description", "")
        yield f"`{one['name']}`{needed}", one["in"], f"{describe_type(schema)}{default}", what


def _render_body(document: Schema, body: Schema) -> str:
    lines = []
    for kind, content in body["content"].items():
        schema = content.get("schema", {})
        lines.append(f"Body (`{kind}`): {describe_type(schema)}.")
        inner = resolve(document, schema)
        if "$ref" not in schema and inner.get("properties"):
            lines.append(render_fields(inner))
    return "\n\n".join(lines)


def _list_answers(document: Schema, responses: Schema) -> Iterator[tuple[str, ...]]:
    for status, response in responses.items():
        found = resolve(document, response)
        bodies = dict.fromkeys(_describe_answer(content) for content in found.get("content", {}).values())
        yield f"`{status}`", found.get("description", ""), " · ".join(body for body in bodies if body)


def _describe_answer(content: Schema) -> str:
    schema = content.get("schema", {})
    for part in schema.get("allOf", ()):
        if "$ref" in part and name_of(part) == _PROBLEM:
            return describe_type(part)
    fields = ", ".join(f"`{name}`: {describe_type(field)}" for name, field in schema.get("properties", {}).items())
    return f"object of {fields}" if fields else describe_type(schema)


def _render_schema(name: str, schema: Schema) -> str:
    parts = [f"### {name}"]
    if schema.get("description"):
        parts.append(schema["description"])
    parts.append(render_fields(schema) if schema.get("properties") else f"{describe_type(schema)}.")
    return "\n\n".join(parts)


def _anchor(method: str, path: str) -> str:
    words = "".join(letter if letter.isalnum() else "-" for letter in path).strip("-")
    return "-".join(part for part in f"{method}-{words}".split("-") if part)
