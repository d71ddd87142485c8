"""The routes of accounts: users, tokens, API keys, history."""

from __future__ import annotations

from typing import Any, Final

import orjson
from flask import Blueprint, Response, g, request

from libs.accounts import contract
from libs.accounts.contract import (
    ACCOUNTS_OFF,
    BAD_BODY,
    CALLER,
    PERSON,
    TOO_MANY_TRIES,
    UNKNOWN_CALLER,
    describe_account,
)
from libs.accounts.credentials import create_key, delete_key, list_keys
from libs.accounts.history import delete_history, parse_before, read_history
from libs.accounts.passwords import count_attempt, require_attempts_left
from libs.accounts.tables import User
from libs.accounts.users import Callers, Credentials, create_user, log_in, read_credentials
from sentiment.errors import PermanentError
from sentiment.service.http.contract import FORM, Body, answer, problem, read_query

_LARGEST_FORM_BYTES: Final = 64 * 1024


def make_accounts(callers: Callers, tries_per_minute: int) -> Blueprint:
    """Return the routes, to be registered on the app."""
    accounts = Blueprint("accounts", __name__)
    _add_logins(accounts, callers, tries_per_minute)
    _add_keys(accounts, callers)
    _add_history(accounts, callers)
    return accounts


def name_caller(user: User) -> User:
    """Put the caller into the access log."""
    g.log_fields["user"] = user.username
    return user


def _add_logins(accounts: Blueprint, callers: Callers, tries_per_minute: int) -> None:
    database = callers.database

    @accounts.post("/auth/")
    @describe_account(
        "createUser",
        "Create a user",
        answer(201, "Created.", contract.User),
        *BAD_BODY,
        ACCOUNTS_OFF,
        problem(409, "The name is taken.", "username_taken"),
        problem(422, "Name or password is not allowed.", "bad_credentials_form"),
        TOO_MANY_TRIES,
        body=contract.CREDENTIALS,
    )
    def register() -> tuple[dict[str, str], int]:
        credentials = _read_credentials()
        subjects = [_name_address()]
        require_attempts_left(database, subjects, tries_per_minute)
        count_attempt(database, subjects)
        return name_caller(create_user(database, credentials)).describe(), 201

    @accounts.post("/auth/token")
    @describe_account(
        "createToken",
        "Exchange name and password for a bearer token",
        answer(200, "The token.", contract.Token),
        *BAD_BODY,
        problem(401, "Name or password is wrong.", "unauthorized"),
        ACCOUNTS_OFF,
        problem(422, "Name or password is missing.", "bad_credentials_form"),
        TOO_MANY_TRIES,
        body=contract.CREDENTIALS,
    )
    def make_token() -> dict[str, Any]:
        credentials = _read_credentials()
        subjects = [_name_address(), f"name {credentials.username}"]
        require_attempts_left(database, subjects, tries_per_minute)
        try:
            user = log_in(database, credentials)
        except PermanentError:
            count_attempt(database, subjects)
            raise
        token = callers.tokens.make(name_caller(user).id)
        return {"access_token": token, "token_type": "bearer", "expires_in": callers.tokens.seconds}


def _add_keys(accounts: Blueprint, callers: Callers) -> None:
    @accounts.get("/auth/keys")
    @describe_account(
        "listKeys",
        "The caller's API keys, without their secrets",
        answer(200, "The keys.", contract.ApiKeys),
        UNKNOWN_CALLER,
        ACCOUNTS_OFF,
        security=PERSON,
    )
    def show_keys() -> dict[str, Any]:
        return {"keys": list_keys(callers.database, _identify_person(callers))}

    @accounts.post("/auth/keys")
    @describe_account(
        "createKey",
        "Make an API key for a machine; its secret is shown once",
        answer(201, "The key.", contract.NewApiKey),
        *BAD_BODY,
        UNKNOWN_CALLER,
        ACCOUNTS_OFF,
        problem(422, "The name is missing or too long, or there are too many keys.", "bad_key_name", "too_many_keys"),
        body=Body(contract.KeyName),
        security=PERSON,
    )
    def make_key() -> tuple[dict[str, Any], int]:
        user = _identify_person(callers)
        fields = _read_json()
        return create_key(callers.database, user, fields.get("name") if isinstance(fields, dict) else None), 201

    @accounts.delete("/auth/keys/<int:id>")
    @describe_account(
        "deleteKey",
        "Revoke an API key",
        answer(204, "Revoked."),
        UNKNOWN_CALLER,
        problem(404, "No such key of this user, or accounts are off.", "key_missing", "not_found"),
        path=contract.KeyPath,
        security=PERSON,
    )
    def revoke_key(id: int) -> Response:  # noqa: A002 - the name callers see in the description
        delete_key(callers.database, _identify_person(callers), id)
        return Response(status=204)


def _add_history(accounts: Blueprint, callers: Callers) -> None:
    @accounts.get("/data")
    @describe_account(
        "readHistory",
        "The caller's own predictions, newest first",
        answer(200, "One page.", contract.History),
        UNKNOWN_CALLER,
        ACCOUNTS_OFF,
        problem(422, "limit or before is wrong.", "bad_parameter"),
        query=contract.HistoryQuery,
        security=CALLER,
    )
    def show_history() -> dict[str, Any]:
        user = name_caller(callers.identify(request.environ))
        query = read_query(contract.HistoryQuery)
        return read_history(callers.database, user, query.limit, parse_before(query.before))

    @accounts.delete("/data")
    @describe_account(
        "deleteHistory",
        "Forget the caller's own predictions",
        answer(200, "How many were forgotten.", contract.Deleted),
        UNKNOWN_CALLER,
        ACCOUNTS_OFF,
        security=CALLER,
    )
    def forget_history() -> dict[str, Any]:
        user = name_caller(callers.identify(request.environ))
        return contract.Deleted(deleted=delete_history(callers.database, user)).model_dump()


def _identify_person(callers: Callers) -> User:
    return name_caller(callers.identify_person(request.environ))


def _read_credentials() -> Credentials:
    if request.mimetype == FORM:
        request.max_form_memory_size = _LARGEST_FORM_BYTES
        return read_credentials(request.form)
    return read_credentials(_read_json())


def _read_json() -> Any:
    if not request.is_json:
        raise PermanentError("send JSON (or, for credentials, a form)", code="not_json_type")
    try:
        return orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        raise PermanentError("the body is not JSON", code="not_json") from None


def _name_address() -> str:
    return f"address {request.remote_addr}"
