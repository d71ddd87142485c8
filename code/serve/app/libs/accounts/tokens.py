"""Access tokens: JWT, signed with SECRET_KEY, good for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import jwt
from pydantic import SecretStr

from sentiment.errors import PermanentError

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "sentiment-serve"


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
