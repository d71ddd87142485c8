"""What the routes of accounts take and answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from sentiment.errors import PermanentError
from sentiment.model.labels import Label
from sentiment.service.http.contract import FORM, JSON, Answer, Body, Parameters, View, describe, problem
from sentiment.service.http.models import Moment

SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 256
USERNAME: Final = "^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$"
LONGEST_KEY_NAME: Final = 64
MOST_ENTRIES: Final = 1_000
LARGEST_ENTRY: Final = 2**63 - 1
LARGEST_KEY: Final = 2**31 - 1  # what an INTEGER column holds in every database

PERSON: Final = ("bearer",)
CALLER: Final = ("bearer", "apiKey")
UNKNOWN_CALLER: Final = problem(401, "Accounts are on and the caller is unknown.", "unauthorized")
USERS_DOWN: Final = problem(503, "The user database cannot be reached.", "users_down")
ACCOUNTS_OFF: Final = problem(404, "Accounts are off (`USERS_URL` is not set).", "not_found")
TOO_MANY_TRIES: Final = problem(429, "Too many tries from this address.", "too_many_tries")
BAD_BODY: Final[tuple[Answer, ...]] = (
    problem(400, "The body cannot be read.", "not_json", "bad_request"),
    problem(413, "Over 16 MiB.", "body_too_large"),
    problem(415, "Neither JSON nor a form.", "not_json_type"),
)


class Credentials(BaseModel):
    """A name, in which capitals make no difference, and a password."""

    username: str = Field(min_length=1, max_length=64, pattern=USERNAME)
    password: str = Field(
        min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD, json_schema_extra={"format": "password"}
    )


class User(BaseModel):
    """What a user may see of the own account."""

    username: str
    created_at: Moment


class Token(BaseModel):
    """A bearer token, to be sent as ``Authorization: Bearer <access_token>``."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds.")


class KeyName(BaseModel):
    """What a new API key is called."""

    name: str = Field(min_length=1, max_length=LONGEST_KEY_NAME)


class ApiKey(BaseModel):
    """An API key without its secret."""

    id: int
    name: str
    created_at: Moment


class NewApiKey(ApiKey):
    """An API key with its secret, which is shown this once."""

    key: str


class ApiKeys(BaseModel):
    """The caller's keys, oldest first."""

    keys: list[ApiKey]


class Entry(BaseModel):
    """One prediction in a history."""

    id: int
    text: str
    label: Label
    score: float = Field(ge=0, le=1, description="0 = negative, 1 = positive: P(positive) + P(neutral)/2.")
    model_version: str
    created_at: Moment


class History(BaseModel):
    """One page of the caller's own predictions."""

    data: list[Entry]
    next_before: int | None = Field(description="`before` of the next page; null at the end.")


class Deleted(BaseModel):
    """How many predictions were forgotten."""

    deleted: int = Field(ge=0)


class KeyPath(Parameters):
    """Which key."""

    id: int = Field(ge=1, le=LARGEST_KEY)


def read_number(value: str) -> int | None:
    """Return a short number in plain digits, or None for anything else."""
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else None


def _read_limit(value: str) -> int:
    limit = read_number(value)
    if limit is None or not 1 <= limit <= MOST_ENTRIES:
        raise PermanentError(f"limit is a number from 1 to {MOST_ENTRIES}", code="bad_parameter")
    return limit


class HistoryQuery(Parameters):
    """Which page of the history."""

    limit: Annotated[int, BeforeValidator(_read_limit)] = Field(50, ge=1, le=MOST_ENTRIES)
    before: Annotated[str | None, WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LARGEST_ENTRY})] = Field(
        None,
        description="Only entries with a smaller id: the last page's `next_before`. An ISO 8601 time does as well.",
    )


CREDENTIALS: Final = Body(Credentials, media_types=(JSON, FORM))


def describe_account(name: str, summary: str, *answers: Answer, **more: Any) -> Callable[[View], View]:
    """Note an operation on a view of accounts, each of which needs the database of users."""
    return describe(name, summary, *answers, USERS_DOWN, tag="accounts", **more)
