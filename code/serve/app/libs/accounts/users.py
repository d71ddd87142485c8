"""Users: who is created, who has the right password, and which of them is calling."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from libs.accounts.contract import LONGEST_PASSWORD, SHORTEST_PASSWORD, USERNAME
from libs.accounts.credentials import Tokens, find_owner
from libs.accounts.database import UserDatabase
from libs.accounts.history import record_predictions
from libs.accounts.passwords import hash_password, is_password
from libs.accounts.tables import User, users
from sentiment.errors import PermanentError
from sentiment.model.labels import Prediction

_USERNAME: Final = re.compile(USERNAME)


class Credentials(NamedTuple):
    """A name in lower case (databases disagree about case) and a password."""

    username: str
    password: str


def read_credentials(fields: Any) -> Credentials:
    """Return name and password from a form's or a JSON body's fields; ``PermanentError("bad_credentials_form")``."""
    username, password = (fields.get("username"), fields.get("password")) if hasattr(fields, "get") else (None, None)
    if not isinstance(username, str) or not isinstance(password, str):
        raise PermanentError("send 'username' and 'password', both strings", code="bad_credentials_form")
    try:
        password.encode()
    except UnicodeEncodeError:
        raise PermanentError("the password holds half a character", code="bad_credentials_form") from None
    return Credentials(username.lower(), password)


def create_user(database: UserDatabase, credentials: Credentials) -> User:
    """Add a user; ``PermanentError``: ``bad_credentials_form`` (not allowed) or ``username_taken``."""
    _require_allowed(credentials)
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    row = {"password_hash": hash_password(credentials.password), "created_at": now}
    try:
        with database.begin() as connection:
            key: Any = connection.execute(
                insert(users).values(username=credentials.username, **row)
            ).inserted_primary_key
    except IntegrityError:
        raise PermanentError(f"the name '{credentials.username}' is taken", code="username_taken") from None
    return User(key[0], credentials.username, now)


def find_user(database: UserDatabase, user_id: int) -> User:
    """Return the user; ``PermanentError("unauthorized")`` when there is none any more."""
    with database.begin() as connection:
        row = connection.execute(select(users).where(users.c.id == user_id)).one_or_none()
    if row is None:
        raise PermanentError("this user does not exist any more", code="unauthorized")
    return User(row.id, row.username, row.created_at)


def log_in(database: UserDatabase, credentials: Credentials) -> User:
    """Return the user whose password this is; ``PermanentError("unauthorized")``, the same for name and password."""
    with database.begin() as connection:
        row = connection.execute(select(users).where(users.c.username == credentials.username)).one_or_none()
    if not is_password(credentials.password, row.password_hash if row else None) or row is None:
        raise PermanentError("name or password is wrong", code="unauthorized")
    return User(row.id, row.username, row.created_at)


class Callers:
    """Tells who is calling, by the headers of a WSGI environment, and keeps their history."""

    def __init__(self, database: UserDatabase, tokens: Tokens) -> None:
        """Both belong to one worker."""
        self.database = database
        self.tokens = tokens

    def identify(self, environ: Mapping[str, Any]) -> User:
        """Return the caller; ``PermanentError("unauthorized")`` without a valid token or key."""
        if "HTTP_X_API_KEY" in environ:
            return find_owner(self.database, environ["HTTP_X_API_KEY"])
        return self.identify_person(environ)

    def identify_person(self, environ: Mapping[str, Any]) -> User:
        """Return the caller by bearer token only: a machine's key must not make further keys."""
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise PermanentError("log in (POST /auth/token) or send an API key (X-API-Key)", code="unauthorized")
        return find_user(self.database, self.tokens.read(token.strip()))

    def record(self, user: User, texts: Sequence[str], found: Sequence[Prediction], model_version: str) -> None:
        """Add what was answered to the caller's history."""
        record_predictions(self.database, user, texts, found, model_version)


def _require_allowed(credentials: Credentials) -> None:
    if not _USERNAME.fullmatch(credentials.username):
        raise PermanentError(
            "a name has 1 to 64 letters, digits and ._@+-, a letter or digit first", code="bad_credentials_form"
        )
    if not SHORTEST_PASSWORD <= len(credentials.password) <= LONGEST_PASSWORD:
        raise PermanentError(
            f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters", code="bad_credentials_form"
        )
