"""Who is calling: a person with a bearer token, or a machine with an API key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from libs.accounts.database import Database
from libs.accounts.history import record_predictions
from libs.accounts.keys import find_owner
from libs.accounts.tokens import Tokens
from libs.accounts.users import User, find_user
from sentiment.errors import PermanentError
from sentiment.model.labels import Prediction


class Callers:
    """Knows callers by the headers of a WSGI environment and keeps their history."""

    def __init__(self, database: Database, tokens: Tokens) -> None:
        """Both belong to one worker."""
        self.database = database
        self.tokens = tokens

    def identify(self, environ: Mapping[str, Any]) -> User:
        """Return the caller; ``PermanentError("unauthorized")`` without valid proof."""
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
