"""What a caller proves who it is with: a person's bearer token, a machine's API key.

A token is a JWT that is signed with SECRET_KEY and expires. A key is a long random string, kept as a hash and shown once.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import jwt
from pydantic import SecretStr
from sqlalchemy import delete, func, insert, select

from libs.accounts.contract import LARGEST_KEY, LONGEST_KEY_NAME
from libs.accounts.database import UserDatabase
from libs.accounts.tables import User, api_keys, users
from sentiment.errors import PermanentError

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "sentiment-serve"
MOST_KEYS: Final = 50
_PREFIX: Final = "sentiment_"  # lets secret scanners and people see what a leaked string is


class Tokens:
    """Makes and reads tokens of one key."""

    def __init__(self, secret_key: SecretStr, seconds: int) -> None:
        """``seconds``: how long a token is good for."""
        self._key = secret_key.get_secret_value()
        self.seconds = seconds

    def make(self, user_id: int) -> str:
        """Return a token that names the user."""
        now = datetime.now(UTC)
        claims = {"sub": str(user_id), "iss": _ISSUER, "iat": now, "exp": now + timedelta(seconds=self.seconds)}
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def read(self, token: str) -> int:
        """Return the user's id; ``PermanentError("unauthorized")`` when expired, altered or signed by another key."""
        try:
            claims = jwt.decode(
                token, self._key, algorithms=[_ALGORITHM], issuer=_ISSUER, options={"require": ["sub", "exp", "iss"]}
            )
            return int(claims["sub"])
        except (jwt.InvalidTokenError, ValueError):
            raise PermanentError("the token is wrong or has expired; log in again", code="unauthorized") from None


def create_key(database: UserDatabase, user: User, name: Any) -> dict[str, Any]:
    """Return a new key with its secret; ``PermanentError``: ``bad_key_name`` or ``too_many_keys``."""
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= LONGEST_KEY_NAME or not name.isprintable():
        raise PermanentError("a key's 'name' has 1 to 64 printable characters", code="bad_key_name")
    secret = _PREFIX + secrets.token_urlsafe(32)
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    row = insert(api_keys).values(user_id=user.id, name=name, key_hash=_hash(secret), created_at=now)
    with database.begin() as connection:
        count = connection.execute(select(func.count()).where(api_keys.c.user_id == user.id)).scalar_one()
        if count >= MOST_KEYS:
            raise PermanentError(f"{MOST_KEYS} keys are enough; delete one first", code="too_many_keys")
        key: Any = connection.execute(row).inserted_primary_key
    return _describe(key[0], name, now) | {"key": secret}


def list_keys(database: UserDatabase, user: User) -> list[dict[str, Any]]:
    """Return the user's keys, oldest first, without their secrets."""
    chosen = select(api_keys).where(api_keys.c.user_id == user.id).order_by(api_keys.c.id)
    with database.begin() as connection:
        return [_describe(row.id, row.name, row.created_at) for row in connection.execute(chosen)]


def delete_key(database: UserDatabase, user: User, key_id: int) -> None:
    """Revoke a key; ``PermanentError("key_missing")`` when this user has none of that id."""
    chosen = delete(api_keys).where(api_keys.c.user_id == user.id, api_keys.c.id == key_id)
    with database.begin() as connection:
        if key_id > LARGEST_KEY or connection.execute(chosen).rowcount == 0:
            raise PermanentError(f"there is no key {key_id}", code="key_missing")


def find_owner(database: UserDatabase, secret: str) -> User:
    """Return whose key this is; ``PermanentError("unauthorized")`` when nobody's.

    A fast hash is enough here: 256 random bits cannot be guessed, unlike a password.
    """
    joined = select(users).join(api_keys, api_keys.c.user_id == users.c.id).where(api_keys.c.key_hash == _hash(secret))
    with database.begin() as connection:
        row = connection.execute(joined).one_or_none()
    if row is None:
        raise PermanentError("the API key is unknown or revoked", code="unauthorized")
    return User(row.id, row.username, row.created_at)


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _describe(key_id: int, name: str, created_at: datetime) -> dict[str, Any]:
    return {"id": key_id, "name": name, "created_at": created_at.replace(tzinfo=UTC).isoformat()}
