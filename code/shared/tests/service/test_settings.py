"""Settings: read once, frozen, refused in one line that names the variable and never its value."""

from __future__ import annotations

import pytest
from pydantic import Field, SecretStr, ValidationError, field_validator

from sentiment.errors import ConfigurationError
from sentiment.service.settings import AppSettings, is_loopback, read_settings, require_token_beyond_loopback


class ExampleSettings(AppSettings):
    """An app's settings."""

    store_url: str = Field(description="Where releases live.", examples=["file:///srv/store"])
    secret_key: SecretStr | None = Field(None, description="Signs.", examples=["0123…"])

    @field_validator("secret_key")
    @classmethod
    def _require_length(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < 32:
            msg = "at least 32 bytes are needed"
            raise ValueError(msg)
        return key


def test_the_environment_fills_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_URL", "file:///x")
    monkeypatch.setenv("PORT", "8080")
    settings = read_settings(ExampleSettings)
    assert (settings.store_url, settings.port, settings.host) == ("file:///x", 8080, "127.0.0.1")
    with pytest.raises(ValidationError):
        settings.port = 1


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named_with_an_example(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("STORE_URL", raising=False)
    if value is not None:
        monkeypatch.setenv("STORE_URL", value)
    with pytest.raises(ConfigurationError) as refusal:
        read_settings(ExampleSettings)
    assert refusal.value.detail == "STORE_URL is missing, e.g. STORE_URL=file:///srv/store"


def test_every_mistake_is_told_at_once_and_no_value_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STORE_URL", raising=False)
    monkeypatch.setenv("PORT", "eighty")
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    with pytest.raises(ConfigurationError) as refusal:
        read_settings(ExampleSettings)
    line = refusal.value.detail
    assert "\n" not in line
    assert "PORT is malformed" in line
    assert "e.g. PORT=8080" in line
    assert "SECRET_KEY is malformed (at least 32 bytes are needed)" in line
    assert "hunter2" not in line
    assert "eighty" not in line


@pytest.mark.parametrize(("host", "loopback"), [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True),
                                                ("0.0.0.0", False), ("10.0.0.1", False), ("example.org", False)])  # fmt: skip
def test_what_counts_as_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_an_app_open_to_the_network_needs_a_token_or_a_clear_wish() -> None:
    with pytest.raises(ConfigurationError, match=r"TRAIN_TOKEN.*ALLOW_OPEN=1"):
        require_token_beyond_loopback("0.0.0.0", None, "TRAIN_TOKEN", allow_open=False)
    require_token_beyond_loopback("127.0.0.1", None, "TRAIN_TOKEN", allow_open=False)
    require_token_beyond_loopback("0.0.0.0", SecretStr("x"), "TRAIN_TOKEN", allow_open=False)
    require_token_beyond_loopback("0.0.0.0", None, "TRAIN_TOKEN", allow_open=True)
