"""Typed settings from the environment: read once, frozen, and refused in one line that shows a valid example."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from sentiment.errors import ConfigurationError


class AppSettings(BaseSettings):
    """What every app reads; an app's own settings extend it. A field's upper-case name is its variable.

    Each required field carries an example (``Field(examples=[…])``) and each field a description: error lines, the page of
    environment variables, ``.env.example`` and the manifests are made from them, or tested against them.
    """

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address to listen on.", examples=["0.0.0.0"])  # noqa: S104 - an example  # nosec B104
    port: int = Field(0, ge=0, le=65535, description="Port to listen on.", examples=["8080"])
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least severe log lines shown.")
    app_version: str = Field("0.0.0-dev", description="Version shown by /health; set when an image is built.")
    app_commit: str = Field("unknown", description="Commit shown by /health; set when an image is built.")


Settings = TypeVar("Settings", bound=AppSettings)


def read_settings(kind: type[Settings], **overrides: Any) -> Settings:
    """Return ``kind`` filled from the environment; ``overrides`` win over it (a command line's options).

    Raises ``ConfigurationError`` with one line that names each wrong variable and a valid example; values are not
    repeated, since they may be secrets.
    """
    try:
        return kind(**overrides)
    except ValidationError as error:
        raise ConfigurationError("; ".join(_describe(kind, error))) from None


def require_token_beyond_loopback(host: str, token: SecretStr | None, variable: str, *, allow_open: bool) -> None:
    """Raise ``ConfigurationError`` when anybody on the network could change something."""
    if token is None and not allow_open and not is_loopback(host):
        raise ConfigurationError(
            f"{variable} is missing while HOST={host} lets the network in; set e.g. {variable}=$(openssl rand -hex 32), "
            "or ALLOW_OPEN=1 if that is meant"
        )


def is_loopback(host: str) -> bool:
    """Tell whether an address or name is reachable from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _describe(kind: type[AppSettings], error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0]) if problem["loc"] else ""
        field = kind.model_fields.get(name)
        example = _example(name, field) if field else ""
        if problem["type"] == "missing":
            yield f"{name.upper()} is missing{example}"
        else:
            reason = problem["msg"].removeprefix("Value error, ")
            yield f"{name.upper()} is malformed ({reason}){example}" if name else reason


def _example(name: str, field: FieldInfo) -> str:
    return f", e.g. {name.upper()}={field.examples[0]}" if field.examples else ""
