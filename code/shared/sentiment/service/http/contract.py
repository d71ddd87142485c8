"""What a route takes and answers, written above it.

Nothing here runs while a request is answered: ``describe`` leaves a note on the view. ``make contracts`` generates each
app's ``openapi.json`` from these notes, and each app's suite compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict

from sentiment.service.http.models import Problem

View = TypeVar("View", bound=Callable[..., Any])
Values = TypeVar("Values", bound="Parameters")

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
FORM: Final = "application/x-www-form-urlencoded"
_NOTE: Final = "operation"
_RETRIED: Final = frozenset({408, 429, 503})
"""Problems that pass: their answers carry ``Retry-After``."""
_RETRY_AFTER: Final = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}


class Parameters(BaseModel):
    """The query string, path or headers of a route. Its validators raise ``PermanentError`` with the code to answer."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True)
class Answer:
    """One status of a route: when it comes, and its body by media type (a pydantic model, a union of them, ``str``)."""

    status: int
    description: str
    content: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """OpenAPI's header objects by name; ``X-Request-ID`` is on every answer and not listed."""
    codes: tuple[str, ...] = ()
    """The problem's possible codes; with none listed it may be any."""


@dataclass(frozen=True)
class Body:
    """What a route reads from the request's body."""

    model: type[BaseModel]
    media_types: tuple[str, ...] = (JSON,)
    required: bool = True
    examples: Mapping[str, Any] = field(default_factory=dict)
    """Bodies to try, by name."""


@dataclass(frozen=True)
class Operation:
    """One method of one path. ``name`` becomes the operationId."""

    name: str
    summary: str
    answers: tuple[Answer, ...]
    description: str = ""
    tag: str = "service"
    path: type[Parameters] | None = None
    query: type[Parameters] | None = None
    headers: type[Parameters] | None = None
    body: Body | None = None
    security: tuple[str, ...] = ()
    """Security schemes any one of which lets the call through; ``""`` stands for none at all."""


@dataclass(frozen=True)
class Contract:
    """What a document says of the app as a whole. ``others`` holds operations whose views are a library's, by path."""

    title: str
    description: str
    version: str = "1.0.0"
    security_schemes: Mapping[str, dict[str, str]] = field(default_factory=dict)
    others: Mapping[str, Operation] = field(default_factory=dict)


def describe(name: str, summary: str, *answers: Answer, **more: Any) -> Callable[[View], View]:
    """Make a decorator that notes the operation on a view; ``more`` are fields of ``Operation``."""
    operation = Operation(name, summary, answers, **more)

    def note(view: View) -> View:
        setattr(view, _NOTE, operation)
        return view

    return note


def read_operation(view: Callable[..., Any]) -> Operation | None:
    """Return what ``describe`` noted on a view, if anything."""
    return getattr(view, _NOTE, None)


def answer(status: int, description: str, model: Any = None, **headers: str) -> Answer:
    """Describe a JSON answer, or with no model one without a body; ``headers`` by name, ``_`` for ``-``."""
    objects = {
        name.replace("_", "-"): {"description": said, "schema": {"type": "string"}} for name, said in headers.items()
    }
    return Answer(status, description, {} if model is None else {JSON: model}, objects)


def text(status: int, description: str, media_type: str) -> Answer:
    """Describe an answer that is no JSON."""
    return Answer(status, description, {media_type: str})


def problem(status: int, description: str, *codes: str) -> Answer:
    """Describe an error and the codes it can have."""
    headers = {"Retry-After": _RETRY_AFTER} if status in _RETRIED else {}
    listed = f" Codes: {', '.join(f'`{code}`' for code in codes)}." if codes else ""
    return Answer(status, description + listed, {PROBLEM: Problem}, headers, codes)


def read_query(model: type[Values]) -> Values:
    """Return the request's query string as ``model`` reads it: of a name given twice the first counts."""
    return model.model_validate(request.args.to_dict())
