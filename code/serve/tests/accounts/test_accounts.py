"""Accounts and history over HTTP routes, the same on every database: nobody reaches what is another's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr

from libs.accounts.tables import metadata
from libs.model.live import LiveModel
from libs.service.application import build_app
from libs.service.settings import ServeSettings

KEY = "a signing key that is at least 32 bytes long"
PASSWORD = "correct horse battery"


@contextmanager
def open_app(settings: ServeSettings, live: LiveModel, users_url: str, tries: int = 1000) -> Iterator[Flask]:
    changes = {"users_url": SecretStr(users_url), "secret_key": SecretStr(KEY), "login_tries_per_minute": tries}
    app = build_app(settings.model_copy(update=changes), live)
    try:
        yield app
    finally:
        app.extensions["callers"].database.close()


@pytest.fixture
def guarded(settings: ServeSettings, live: LiveModel, users_url: str) -> Iterator[Flask]:
    with open_app(settings, live, users_url) as app:
        yield app


@pytest.fixture
def client(guarded: Flask) -> FlaskClient:
    return guarded.test_client()


class Person:
    """A user with a token of its own, speaking through the app."""

    def __init__(self, client: FlaskClient, name: str | None = None) -> None:
        self.name = name or f"user-{uuid4().hex[:12]}"
        self._client = client
        created = client.post("/auth/", json={"username": self.name, "password": PASSWORD})
        assert created.status_code == 201, created.json
        self.headers = {"Authorization": f"Bearer {self.take_token()}"}

    def take_token(self) -> str:
        answer = self._client.post("/auth/token", data={"username": self.name, "password": PASSWORD})
        assert answer.status_code == 200, answer.json
        token: str = answer.json["access_token"]  # type: ignore[index]
        return token

    def predict(self, body: Any) -> Any:
        return self._client.post("/predict", json=body, headers=self.headers)

    def history(self, query: str = "") -> Any:
        return self._client.get(f"/data{query}", headers=self.headers).json

    def make_key(self, name: str = "stream") -> Any:
        return self._client.post("/auth/keys", json={"name": name}, headers=self.headers).json


def test_a_user_is_created_once_whatever_the_case(client: FlaskClient) -> None:
    name = f"Ada.{uuid4().hex[:8]}"
    created = client.post("/auth/", json={"username": name, "password": PASSWORD})
    assert created.status_code == 201
    assert created.json.keys() == {"username", "created_at"}  # type: ignore[union-attr]
    again = client.post("/auth/", json={"username": name.upper(), "password": "another password"})
    assert (again.status_code, again.json["code"]) == (409, "username_taken")  # type: ignore[index]


@pytest.mark.parametrize("fields", [
    {}, {"username": "a"}, {"username": 1, "password": PASSWORD}, {"username": "a b", "password": PASSWORD},
    {"username": "", "password": PASSWORD}, {"username": "x" * 65, "password": PASSWORD},
    {"username": "fine", "password": "short"}, {"username": "fine", "password": "x" * 257}, [], "text",
])  # fmt: skip
def test_names_and_passwords_that_are_not_allowed_are_refused(client: FlaskClient, fields: Any) -> None:
    answer = client.post("/auth/", json=fields)
    assert (answer.status_code, answer.json["code"]) == (422, "bad_credentials_form")  # type: ignore[index]


def test_a_token_is_given_for_json_and_form_and_names_its_user(client: FlaskClient) -> None:
    person = Person(client)
    answer = client.post("/auth/token", json={"username": person.name, "password": PASSWORD})
    token = answer.json
    assert token is not None
    assert (token["token_type"], token["expires_in"]) == ("bearer", 3600)
    who = client.get("/", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert who.json["username"] == person.name  # type: ignore[index]
    assert client.get("/").mimetype == "text/html"


def test_wrong_names_and_passwords_get_the_same_answer(client: FlaskClient) -> None:
    person = Person(client)
    wrong = client.post("/auth/token", json={"username": person.name, "password": "wrong password"})
    nobody = client.post("/auth/token", json={"username": "nobody-here", "password": "wrong password"})
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.json["detail"] == nobody.json["detail"]  # type: ignore[index]


def forge(key: str | None = KEY, algorithm: str = "HS256", **claims: Any) -> dict[str, str]:
    return {"Authorization": "Bearer " + jwt.encode({"sub": "1", "iss": "sentiment-serve", **claims}, key, algorithm)}


LATE = 2**31
UNPROVEN = {
    "no header": {},
    "not a token": {"Authorization": "Bearer nonsense"},
    "another scheme": {"Authorization": "Basic YTpi"},
    "an unknown key": {"X-API-Key": "sentiment_wrong"},
    "signed by another key": forge("another key of thirty-two bytes!!", exp=LATE),
    "expired": forge(exp=1),
    "without an end": forge(),
    "of another issuer": forge(exp=LATE, iss="somebody"),
    "of nobody": forge(exp=LATE, sub="99999999"),
    "of no number": forge(exp=LATE, sub="x"),
    "not signed": forge(None, "none", exp=LATE),
}


def test_without_valid_proof_nothing_is_answered(client: FlaskClient) -> None:
    Person(client)  # so that there is a first user to pretend to be
    calls = (
        ("post", "/predict"), ("get", "/data"), ("delete", "/data"), ("get", "/auth/keys"), ("post", "/auth/keys"),
        ("delete", "/auth/keys/1"),
    )  # fmt: skip
    for method, path in calls:
        for kind, headers in UNPROVEN.items():
            answer = getattr(client, method)(path, json={"text": "x", "name": "x"}, headers=headers)
            assert (answer.status_code, answer.json["code"]) == (401, "unauthorized"), (method, path, kind)
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_predictions_are_kept_for_their_user_newest_first_and_paged(client: FlaskClient) -> None:
    person = Person(client)
    person.predict({"text": "I love it 😍"})
    body = rb'{"texts": ["bad", null, "nul \u0000 and half \ud83d"]}'
    assert (
        client.post("/predict", data=body, content_type="application/json", headers=person.headers).status_code == 200
    )
    page = person.history("?limit=2")
    assert [entry["text"] for entry in page["data"]] == ["nul \ufffd and half ?", "bad"]
    assert page["next_before"] == page["data"][-1]["id"]
    rest = person.history(f"?limit=2&before={page['next_before']}")
    (first,) = rest["data"]
    assert rest["next_before"] is None
    assert (first["text"], first["label"], first["score"], first["model_version"]) == (
        "I love it 😍",
        "POSITIVE",
        0.92414,
        "v1",
    )
    assert datetime.fromisoformat(first["created_at"]).utcoffset() == timedelta(0)


def test_history_before_a_time(client: FlaskClient) -> None:
    person = Person(client)
    person.predict({"text": "old"})
    later = (datetime.now(UTC) + timedelta(seconds=5)).isoformat().replace("+", "%2B")
    assert len(person.history(f"?before={later}")["data"]) == 1
    assert person.history("?before=2020-01-01T00:00:00Z") == {"data": [], "next_before": None}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "before=x", "before=0", "limit=-1", "before=9" * 30]
)
def test_pages_that_make_no_sense_are_refused(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/data?{query}", headers=Person(client).headers)
    assert (answer.status_code, answer.json["code"]) == (422, "bad_parameter")  # type: ignore[index]


def test_nobody_reads_or_deletes_what_is_anothers(client: FlaskClient) -> None:
    ada, bob = Person(client), Person(client)
    ada.predict({"text": "of ada"})
    key = ada.make_key()
    bob.predict({"text": "of bob"})
    newest = ada.history()["data"][0]["id"]
    assert [entry["text"] for entry in bob.history(f"?before={newest + 1000}")["data"]] == ["of bob"]
    assert client.delete(f"/auth/keys/{key['id']}", headers=bob.headers).status_code == 404
    assert client.get("/auth/keys", headers=bob.headers).json == {"keys": []}
    assert client.delete("/data", headers=bob.headers).json == {"deleted": 1}
    assert bob.history()["data"] == []
    assert [entry["text"] for entry in ada.history()["data"]] == ["of ada"]


def test_a_machine_predicts_with_its_key_until_it_is_revoked(client: FlaskClient) -> None:
    person = Person(client)
    key = person.make_key("stream")
    machine = {"X-API-Key": key["key"]}
    assert client.post("/predict", json={"text": "good"}, headers=machine).status_code == 200
    assert client.get("/data", headers=machine).json["data"][0]["text"] == "good"  # type: ignore[index]
    assert client.get("/auth/keys", headers=machine).status_code == 401
    listed = client.get("/auth/keys", headers=person.headers).json
    assert listed is not None
    assert [(shown["id"], shown["name"], shown.get("key")) for shown in listed["keys"]] == [(key["id"], "stream", None)]
    assert client.delete(f"/auth/keys/{key['id']}", headers=person.headers).status_code == 204
    assert client.post("/predict", json={"text": "good"}, headers=machine).status_code == 401


def test_keys_are_named_and_bounded(client: FlaskClient) -> None:
    person = Person(client)
    assert [person.make_key(name)["code"] for name in ("", "x" * 65, "a\nb", 5)] == ["bad_key_name"] * 4
    for _ in range(50):
        assert "key" in person.make_key()
    assert person.make_key()["code"] == "too_many_keys"


@pytest.mark.parametrize("number", [0, 999_999, 2**31, 2**64, 10**30])
def test_a_key_that_is_not_there_is_not_found(client: FlaskClient, number: int) -> None:
    answer = client.delete(f"/auth/keys/{number}", headers=Person(client).headers)
    assert (answer.status_code, answer.json["code"]) == (404, "key_missing")  # type: ignore[index]


def test_passwords_are_kept_as_argon2_hashes_only(guarded: Flask, users_url: str) -> None:
    from sqlalchemy import create_engine, select

    person = Person(guarded.test_client())
    engine = create_engine(users_url)
    with engine.begin() as connection:
        everything = [str(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    engine.dispose()
    assert any(person.name in row and "$argon2id$v=19$m=19456,t=2,p=1$" in row for row in everything)
    assert not any(PASSWORD in row for row in everything)


def test_guessing_is_slowed_by_name_and_by_address(settings: ServeSettings, live: LiveModel, users_url: str) -> None:
    here, there = ({"REMOTE_ADDR": f"10.{time.time_ns() // 1000 % 250}.0.{last}"} for last in (1, 2))
    guess = {"username": f"victim-{uuid4().hex[:8]}", "password": "a wrong guess"}
    other = {"username": f"other-{uuid4().hex[:8]}", "password": "a wrong guess"}
    with open_app(settings, live, users_url, tries=3) as app:
        client = app.test_client()
        found = [client.post("/auth/token", json=guess, environ_base=here).status_code for _ in range(4)]
        assert found == [401, 401, 401, 429]
        slowed = client.post("/auth/token", json=guess, environ_base=there)
        assert (slowed.status_code, slowed.json["code"], slowed.headers["Retry-After"]) == (429, "too_many_tries", "60")  # type: ignore[index]
        assert client.post("/auth/token", json=other, environ_base=here).status_code == 429
        assert client.post("/auth/token", json=other, environ_base=there).status_code == 401


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://app:hidden@127.0.0.1:1/x",
        "mysql+pymysql://app:hidden@127.0.0.1:1/x",
        "sqlite:////nowhere/hidden.db",
    ],
)
def test_a_database_that_is_away_is_503_and_nothing_of_its_address_is_told(
    settings: ServeSettings, live: LiveModel, url: str
) -> None:
    with open_app(settings, live, url) as app:
        client = app.test_client()
        answer = client.post("/predict", json={"text": "x"}, headers={"X-API-Key": "any"})
        assert (answer.status_code, answer.json["code"]) == (503, "users_down")  # type: ignore[index]
        assert int(answer.headers["Retry-After"]) >= 1
        assert "hidden" not in answer.text
        assert client.get("/ready").status_code == 200
