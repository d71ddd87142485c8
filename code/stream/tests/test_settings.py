"""Settings: each is described, and what belongs to a role is asked of that role alone."""

from __future__ import annotations

import pytest

from libs.service.settings import StreamSettings
from libs.values.addresses import parse_replay_url, require_results_url, require_spool_url
from sentiment.errors import ConfigurationError


def test_every_setting_has_a_description_and_an_example() -> None:
    for name, field in StreamSettings.model_fields.items():
        assert field.description, name
        assert field.examples or field.default is not None, name


def test_secrets_never_show(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SPOOL_URL": "file:///s", "RESULTS_URL": "sqlite:////r", "X_BEARER_TOKEN": "sesame", "PREDICT_API_KEY": "sesame",
                        "STREAM_TOKEN": "sesame", "ALERT_WEBHOOK_URL": "https://hooks.example.com/sesame"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert "sesame" not in repr(StreamSettings())  # type: ignore[call-arg]


def test_a_replay_address_holds_path_rate_and_loop() -> None:
    address = parse_replay_url("file:///srv/my%20tweets.csv?rate=2.5&loop=true")
    assert (str(address.path), address.rate, address.loop) == ("/srv/my tweets.csv", 2.5, True)


@pytest.mark.parametrize(
    "url", ["file:///a?rate=fast", "file:///a?rate=-1", "file:///a?speed=1", "file:///a?loop=maybe", "file://host/a"]
)
def test_a_wrong_replay_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SOURCE_URL"):
        parse_replay_url(url)


@pytest.mark.parametrize("url", ["file://", "file:///", "sqs://", "sqs://a/b", "s3://bucket"])
def test_a_wrong_spool_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SPOOL_URL"):
        require_spool_url(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:relative.db", "dynamodb://", "postgres://x", "nonsense"])
def test_a_wrong_results_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="RESULTS_URL"):
        require_results_url(url)
