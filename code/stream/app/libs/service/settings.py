"""What stream reads from the environment, once: a model for each role, whose required fields are required by their type."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from libs.values.addresses import (
    FolderAddress,
    SourceAddress,
    SpoolAddress,
    XAddress,
    parse_source_url,
    parse_spool_url,
    require_results_url,
)
from libs.values.topics import TRACK_EXAMPLE, compile_matchers, parse_track, require_rules
from sentiment.service.settings import AppSettings, is_loopback, read_settings, require_token_beyond_loopback

Role = Literal["all", "ingest", "analyze"]

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}")
_PREDICT_URL: Final[Any] = Field(
    description="Address of serve (roles all, analyze, backfill).", examples=["http://127.0.0.1:8080"]
)
_SOURCE_URL: Final[Any] = Field(
    description="Where posts come from (roles all, ingest): replay of a file, X, or Bluesky Jetstream.",
    examples=["file:///srv/tweets.csv.gz?rate=50"],
)


class StreamSettings(AppSettings):
    """Every variable of stream, as ``check`` and ``summary`` read them: those that only some roles need may be missing."""

    port: int = Field(8082, ge=0, le=65535, description="Port of the page, the API and the probes.", examples=["8082"])
    predict_url: Annotated[str | None, _PREDICT_URL] = None
    predict_api_key: SecretStr | None = Field(
        None, description="API key for a serve that has accounts.", examples=["a key from serve's page"]
    )
    predict_batch: int = Field(512, ge=1, le=1024, description="Most texts in one call of serve.", examples=["512"])
    source_url: Annotated[str | None, _SOURCE_URL] = None
    spool_url: str = Field(
        description="Where posts wait between ingest and analyze: a folder or an SQS queue.",
        examples=["file:///var/lib/sentiment/spool"],
    )
    spool_max_posts: int = Field(
        1_000_000, ge=1, description="Posts the spool holds at most; then reading stops.", examples=["1000000"]
    )
    results_url: str = Field(
        description="Where results are stored: SQLite, DynamoDB, PostgreSQL or MySQL.",
        examples=["sqlite:////var/lib/sentiment/results.db"],
    )
    retention_days: int = Field(
        0,
        ge=0,
        description="Days a result, a dead letter or a skipped post is kept; 0 keeps them for ever.",
        examples=["365"],
    )
    track: str = Field(
        "",
        description="Topics, comma-separated: name=rule or a word; empty = everything.",
        examples=[TRACK_EXAMPLE[6:]],
    )
    langs: str = Field(
        "", description="Languages to score, comma-separated; default: the release's.", examples=["en,pt"]
    )
    x_bearer_token: SecretStr | None = Field(
        None, description="Bearer token of the X developer app.", examples=["AAAA… from the X developer portal"]
    )
    x_daily_post_budget: int = Field(
        0, ge=0, description="Posts X may bill a day (UTC) before reading stops; 0 = no limit.", examples=["100000"]
    )
    stream_token: SecretStr | None = Field(
        None, description="Bearer token for calls that change something.", examples=["$(openssl rand -hex 32)"]
    )
    allow_open: bool = Field(
        default=False, description="1 = listen beyond loopback without STREAM_TOKEN.", examples=["1"]
    )
    alert_webhook_url: SecretStr | None = Field(
        None,
        description="Where alerts are posted as JSON (Slack-compatible).",
        examples=["https://hooks.example.com/x"],
    )

    @field_validator("predict_url")
    @classmethod
    def _require_http(cls, url: str | None) -> str | None:
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            msg = "must be an http or https address"
            raise ValueError(msg)
        return url.rstrip("/") if url else url

    @field_validator("alert_webhook_url")
    @classmethod
    def _require_safe_webhook(cls, url: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(url.get_secret_value() if url else "")
        if url and parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            msg = "must be an https address (http only on loopback)"
            raise ValueError(msg)
        return url

    @field_validator("langs")
    @classmethod
    def _require_languages(cls, langs: str) -> str:
        if not all(_LANGUAGE.fullmatch(lang.strip()) for lang in langs.split(",") if lang.strip()):
            msg = "must be language codes"
            raise ValueError(msg)
        return langs

    @model_validator(mode="after")
    def _require_stores(self) -> Any:
        """Refuse addresses and topics that make no sense, once each variable by itself is well-formed."""
        parse_spool_url(self.spool_url)
        require_results_url(self.results_url)
        parse_track(self.track)
        return self

    @cached_property
    def spool_address(self) -> SpoolAddress:
        """SPOOL_URL as a typed value."""
        return parse_spool_url(self.spool_url)

    @property
    def many_analyze(self) -> bool:
        """Whether several processes may store results at a time: a folder spool's lock lets one do so, a queue any number."""
        return not isinstance(self.spool_address, FolderAddress)

    @property
    def languages(self) -> frozenset[str]:
        """LANGS as lower-case codes; empty when it is not set."""
        return frozenset(lang.strip().lower() for lang in self.langs.split(",") if lang.strip())


class BackfillSettings(StreamSettings):
    """``backfill``: what scores an archive."""

    predict_url: Annotated[str, _PREDICT_URL]


class RoleSettings(StreamSettings):
    """A role that runs as a service and listens: beyond this machine only with a token, unless that is meant."""

    role: ClassVar[Role]

    @model_validator(mode="after")
    def _require_token(self) -> Any:
        require_token_beyond_loopback(self.host, self.stream_token, "STREAM_TOKEN", allow_open=self.allow_open)
        return self


class IngestSettings(RoleSettings):
    """``ingest``: what reads posts into the spool."""

    role: ClassVar[Role] = "ingest"
    source_url: Annotated[str, _SOURCE_URL]

    @model_validator(mode="after")
    def _require_source(self) -> Any:
        if isinstance(self.source_address, XAddress):
            require_rules(self.track)
        else:
            compile_matchers(parse_track(self.track))
        return self

    @cached_property
    def source_address(self) -> SourceAddress:
        """SOURCE_URL as a typed value."""
        return parse_source_url(self.source_url, self.x_bearer_token)


class AnalyzeSettings(RoleSettings):
    """``analyze``: what cleans, predicts and stores what lies in the spool."""

    role: ClassVar[Role] = "analyze"
    predict_url: Annotated[str, _PREDICT_URL]


class AllSettings(IngestSettings, AnalyzeSettings):
    """Both roles in one process."""

    role: ClassVar[Role] = "all"
    predict_url: Annotated[str, _PREDICT_URL]


_KINDS: Final[dict[Role, type[RoleSettings]]] = {
    "all": AllSettings,
    "ingest": IngestSettings,
    "analyze": AnalyzeSettings,
}


def read_stream_settings(role: Role) -> RoleSettings:
    """Return a role's settings; ``ConfigurationError`` in one line when something it needs is missing or malformed."""
    return read_settings(_KINDS[role])
