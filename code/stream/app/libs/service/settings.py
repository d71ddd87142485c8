"""What stream reads from the environment, once."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from libs.values.addresses import require_results_url, require_source_url, require_spool_url
from libs.values.topics import TRACK_EXAMPLE, compile_matchers, parse_track, require_rules
from sentiment.errors import ConfigurationError
from sentiment.service.settings import AppSettings, is_loopback, read_settings, require_token_beyond_loopback

Role = Literal["all", "ingest", "analyze"]

_SOURCE_EXAMPLE = "file:///srv/tweets.csv.gz?rate=50"
_PREDICT_EXAMPLE = "http://127.0.0.1:8080"
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}")


class StreamSettings(AppSettings):
    """Settings of every role; ``read_stream_settings`` adds what one role cannot do without."""

    port: int = Field(8082, ge=0, le=65535, description="Port of the page, the API and the probes.", examples=["8082"])
    predict_url: str = Field(
        "", description="Address of serve (roles all, analyze, backfill).", examples=[_PREDICT_EXAMPLE]
    )
    predict_api_key: SecretStr | None = Field(
        None, description="API key for a serve that has accounts.", examples=["a key from serve's page"]
    )
    predict_batch: int = Field(512, ge=1, le=1024, description="Most texts in one call of serve.", examples=["512"])
    source_url: str = Field(
        "",
        description="Where posts come from (roles all, ingest): replay of a file, X, or Bluesky Jetstream.",
        examples=[_SOURCE_EXAMPLE],
    )
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
    def _require_http(cls, url: str) -> str:
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            msg = "must be an http or https address"
            raise ValueError(msg)
        return url.rstrip("/")

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

    @property
    def languages(self) -> frozenset[str]:
        """LANGS as lower-case codes; empty when it is not set."""
        return frozenset(lang.strip().lower() for lang in self.langs.split(",") if lang.strip())


def read_stream_settings(role: Role | Literal["backfill", "summary"], **overrides: object) -> StreamSettings:
    """Return the settings; ``ConfigurationError`` in one line when something this role needs is missing or malformed."""
    settings = read_settings(StreamSettings, **overrides)
    if role in ("all", "ingest"):
        _require(settings.source_url, "SOURCE_URL", _SOURCE_EXAMPLE)
        require_source_url(settings.source_url, settings.x_bearer_token)
        _require_track(settings)
    if role in ("all", "analyze", "backfill"):
        _require(settings.predict_url, "PREDICT_URL", _PREDICT_EXAMPLE)
    require_spool_url(settings.spool_url)
    require_results_url(settings.results_url)
    parse_track(settings.track)
    if role in ("all", "ingest", "analyze"):
        require_token_beyond_loopback(
            settings.host, settings.stream_token, "STREAM_TOKEN", allow_open=settings.allow_open
        )
    return settings


def _require_track(settings: StreamSettings) -> None:
    if urlsplit(settings.source_url).scheme in ("x", "x+http"):
        require_rules(settings.track)
    else:
        compile_matchers(parse_track(settings.track))


def _require(value: str, variable: str, example: str) -> None:
    if not value:
        raise ConfigurationError(f"{variable} is missing, e.g. {variable}={example}")
