"""JSON schemas, as OpenAPI and pydantic write them, in words and tables of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Schema = dict[str, Any]
_DEEPEST: Final = 3  # levels of objects within objects that are shown as rows of one table


def render_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table of Markdown; cells are made safe for it."""
    lines = [head, tuple("---" for _ in head), *(tuple(_cell(cell) for cell in row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def render_fields(schema: Schema, meanings: Mapping[str, str] | None = None) -> str:
    """Return an object's fields as a table: name (dotted where objects nest), type, whether it is always there, meaning.

    ``meanings``: by field, where the schema itself has no description.
    """
    known = meanings or {}
    rows = [
        (f"`{name}`", words, "yes" if required else "", text or known.get(name, ""))
        for name, words, required, text in list_fields(schema)
    ]
    return render_table(("field", "type", "always", "what"), rows)


def list_fields(schema: Schema, prefix: str = "", depth: int = 1) -> Iterator[tuple[str, str, bool, str]]:
    """Yield ``(name, type, required, description)`` of an object's fields, nested ones behind the field they belong to."""
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        yield f"{prefix}{name}", describe_type(field), name in required, field.get("description", "")
        inner, mark = (field["items"], "[]") if isinstance(field.get("items"), dict) else (field, "")
        if "properties" in inner and depth < _DEEPEST:
            yield from list_fields(inner, f"{prefix}{name}{mark}.", depth + 1)


def describe_type(schema: Schema) -> str:
    """Return a schema's type in words, with its bounds; a named schema as a link to its heading on the same page."""
    if "$ref" in schema:
        name = name_of(schema)
        return f"[{name}](#{name.lower()})"
    if "enum" in schema or "const" in schema:
        return " · ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    for key, joint in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " with ")):
        if key in schema:
            parts = dict.fromkeys(describe_type(part) for part in schema[key] if _says_a_type(part))
            if parts:
                return joint.join(parts)
    kind = schema.get("type", "any value")
    if isinstance(kind, list):
        return " or ".join(describe_type({**schema, "type": one}) for one in kind)
    return f"{_describe_kind(kind, schema)}{_describe_bounds(schema)}"


def name_of(schema: Schema) -> str:
    """Return the name of the schema that a ``$ref`` points to."""
    return str(schema["$ref"]).rpartition("/")[2]


def resolve(document: Schema, schema: Schema) -> Schema:
    """Follow ``$ref`` within ``document`` until there is none."""
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _describe_kind(kind: str, schema: Schema) -> str:
    if kind == "array":
        parts = schema.get("prefixItems")
        inner = ", ".join(map(describe_type, parts)) if parts else describe_type(schema.get("items") or {})
        return f"list of {inner}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict) and "properties" not in schema:
        return f"object of {describe_type(schema['additionalProperties'])} by name"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _describe_bounds(schema: Schema) -> str:
    low = schema.get("minimum", schema.get("minLength", schema.get("minItems")))
    high = schema.get("maximum", schema.get("maxLength", schema.get("maxItems")))
    unit = " characters" if {"minLength", "maxLength"} & schema.keys() else ""
    if low is not None and high is not None:
        return f", {low:,} to {high:,}{unit}"
    if low is not None:
        return f", from {low:,}{unit}"
    return f", up to {high:,}{unit}" if high is not None else ""


def _says_a_type(schema: Schema) -> bool:
    return bool({"$ref", "type", "enum", "const", "oneOf", "anyOf", "allOf"} & schema.keys())


def _cell(text: str) -> str:
    """Return ``text`` on one line, its bars and (outside code) its angle brackets escaped."""
    parts = " ".join(text.split()).replace("|", "\\|").split("`")
    return "`".join(part if index % 2 else part.replace("<", "&lt;") for index, part in enumerate(parts))
