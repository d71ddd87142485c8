"""What serve reads from the environment, once."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from sentiment.errors import ConfigurationError
from sentiment.service.settings import AppSettings
from sentiment.store import STORE_EXAMPLES, open_store

_SHORTEST_KEY_BYTES: Final = 32
"""RFC 7518, 3.2: as long as the hash that HS256 uses."""
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?|https?://\[[0-9a-fA-F:]+\](?::[0-9]{1,5})?")


def _default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sentiment" / "serve"


class AccountSettings(NamedTuple):
    """Where accounts are kept, and the rules of logging in; USERS_URL and SECRET_KEY are set together or not at all."""

    users_url: SecretStr
    secret_key: SecretStr
    token_seconds: int
    login_tries_per_minute: int


class ServeSettings(AppSettings):
    """Where releases come from, how many requests are worked on at once, and who may ask."""

    port: int = Field(8080, ge=1, le=65535, description="Port to listen on.", examples=["8080"])
    store_url: str = Field(description=f"Where releases live: {STORE_EXAMPLES}.", examples=["file:///srv/store"])
    model_poll_seconds: float = Field(
        10.0, ge=0.1, le=3600, description="A new current release serves within this time.", examples=["10"]
    )
    model_load_seconds: float = Field(
        60.0,
        ge=1,
        le=3600,
        description="A release that takes longer to fetch, load and prove is refused.",
        examples=["60"],
    )
    model_cache_dir: Path = Field(
        default_factory=_default_cache,
        description="Folder for fetched releases; default: sentiment/serve in the user's cache folder.",
        examples=["/var/cache/sentiment"],
    )
    workers: int = Field(2, ge=1, le=64, description="Worker processes, each with its own copy of the release.")
    slots: int = Field(2, ge=1, le=64, description="Requests that one worker computes at the same time.")
    waiting: int = Field(
        32, ge=0, le=1024, description="Requests that may wait for a slot in one worker; beyond, 429 overloaded."
    )
    log_texts: bool = Field(
        default=False,
        description="1 = the access log shows the texts that were sent; by default never.",
        examples=["1"],
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins whose pages may call this API, comma-separated; empty = none.",
        examples=["https://app.example.com"],
    )
    users_url: SecretStr | None = Field(
        None,
        description="Database of accounts and history: SQLite, PostgreSQL or MySQL; unset = open service.",
        examples=["sqlite:////var/lib/sentiment/users.db"],
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Key that signs access tokens, at least 32 bytes; needed with USERS_URL.",
        examples=["$(openssl rand -hex 32)"],
        validate_default=True,
    )
    token_seconds: int = Field(3600, ge=60, le=30 * 86400, description="Time an access token is good for.")
    login_tries_per_minute: int = Field(
        10, ge=1, le=1000, description="Failed logins, and new users, for each address; failed logins for each name."
    )
    drain_seconds: int = Field(30, ge=1, le=600, description="Time that requests in flight have to end after SIGTERM.")

    @field_validator("store_url")
    @classmethod
    def _require_store(cls, url: str) -> str:
        try:
            open_store(url)
        except ConfigurationError as error:
            raise ValueError(error.detail) from None
        return url

    @field_validator("model_cache_dir")
    @classmethod
    def _require_absolute(cls, folder: Path) -> Path:
        if not folder.is_absolute():
            msg = "must be an absolute path"
            raise ValueError(msg)
        return folder

    @field_validator("users_url")
    @classmethod
    def _require_database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            from libs.accounts.database import require_users_url  # SQLAlchemy only where accounts are wanted

            require_users_url(url.get_secret_value())
        return url

    @field_validator("secret_key")
    @classmethod
    def _require_strong_key(cls, key: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if key is None and others.data.get("users_url") is not None:
            msg = "must be set when USERS_URL is"
            raise ValueError(msg)
        if key is not None and len(key.get_secret_value().encode()) < _SHORTEST_KEY_BYTES:
            msg = f"must have at least {_SHORTEST_KEY_BYTES} bytes"
            raise ValueError(msg)
        return key

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _read_origins(cls, origins: str | tuple[str, ...]) -> tuple[str, ...]:
        parts = origins.split(",") if isinstance(origins, str) else origins
        read = tuple(part.strip() for part in parts if part.strip())
        if not all(map(_ORIGIN.fullmatch, read)):
            msg = "must be origins such as https://app.example.com, without a path"
            raise ValueError(msg)
        return read

    @property
    def accounts(self) -> AccountSettings | None:
        """How accounts work, or None for an open service."""
        if self.users_url is None or self.secret_key is None:
            return None
        return AccountSettings(self.users_url, self.secret_key, self.token_seconds, self.login_tries_per_minute)

    @property
    def release_cache(self) -> Path:
        """The cache's part for this store: two stores may name different releases alike."""
        return self.model_cache_dir / sha256(self.store_url.encode()).hexdigest()[:16]
