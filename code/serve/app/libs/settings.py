"""What serve reads from the environment, once."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from pydantic import Field, field_validator

from sentiment.errors import ConfigurationError
from sentiment.settings import AppSettings
from sentiment.store import STORE_EXAMPLES, open_store


def _default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sentiment" / "serve"


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

    @property
    def release_cache(self) -> Path:
        """The cache's part for this store: two stores may name different releases alike."""
        return self.model_cache_dir / sha256(self.store_url.encode()).hexdigest()[:16]
