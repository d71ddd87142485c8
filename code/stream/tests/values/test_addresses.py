"""Addresses: what each scheme means, and that a wrong one is refused by its variable's name."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from libs.values.addresses import (
    FolderAddress,
    JetstreamAddress,
    QueueAddress,
    ReplayAddress,
    XAddress,
    parse_replay_url,
    parse_source_url,
    parse_spool_url,
    require_results_url,
)
from sentiment.errors import ConfigurationError

TOKEN = SecretStr("sesame")


def test_a_replay_address_holds_path_rate_and_loop() -> None:
    address = parse_replay_url("file:///srv/my%20tweets.csv?rate=2.5&loop=true")
    assert (str(address.path), address.rate, address.loop) == ("/srv/my tweets.csv", 2.5, True)


@pytest.mark.parametrize(
    "url", ["file:///a?rate=fast", "file:///a?rate=-1", "file:///a?speed=1", "file:///a?loop=maybe", "file://host/a"]
)
def test_a_wrong_replay_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SOURCE_URL"):
        parse_replay_url(url)


def test_the_scheme_says_which_source_it_is(tmp_path: Path) -> None:
    file = tmp_path / "tweets.csv"
    file.write_text("text\nhello\n")
    replay = parse_source_url(f"{file.as_uri()}?rate=5", None)
    assert isinstance(replay, ReplayAddress)
    assert (replay.path, replay.rate) == (file, 5.0)
    assert parse_source_url("wss://host/subscribe", None) == JetstreamAddress("wss://host/subscribe")
    assert parse_source_url("ws://127.0.0.1:9001", None) == JetstreamAddress("ws://127.0.0.1:9001")
    assert parse_source_url("x://api.x.com", TOKEN) == XAddress("x://api.x.com", TOKEN)
    assert parse_source_url("x+http://127.0.0.1:9000", TOKEN) == XAddress("x+http://127.0.0.1:9000", TOKEN)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("gopher://host", "names no source"),
        ("x://", "names no source"),
        ("wss://", "names no source"),
        ("", "names no source"),
        ("file:///not/there.csv", "which is not there"),
        ("ws://example.org/subscribe", "for loopback only"),
        ("x+http://example.org", "for loopback only"),
    ],
)
def test_a_wrong_source_address_is_refused(url: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=f"SOURCE_URL .*{why}.*; valid: file:///srv"):
        parse_source_url(url, TOKEN)


def test_x_wants_a_token_and_never_shows_it() -> None:
    with pytest.raises(ConfigurationError, match=r"X_BEARER_TOKEN is missing, e\.g\. X_BEARER_TOKEN="):
        parse_source_url("x://api.x.com", None)
    assert "sesame" not in repr(parse_source_url("x://api.x.com", TOKEN))


def test_the_scheme_says_which_spool_it_is() -> None:
    assert parse_spool_url("file:///srv/my%20spool") == FolderAddress(Path("/srv/my spool"))
    assert parse_spool_url("sqs://posts") == QueueAddress("posts", 30)
    assert parse_spool_url("sqs://posts?visibility=5") == QueueAddress("posts", 5)


@pytest.mark.parametrize("url", ["file://", "file:///", "sqs://", "sqs://a/b", "s3://bucket"])
def test_a_wrong_spool_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SPOOL_URL"):
        parse_spool_url(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:relative.db", "dynamodb://", "postgres://x", "nonsense"])
def test_a_wrong_results_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="RESULTS_URL"):
        require_results_url(url)
