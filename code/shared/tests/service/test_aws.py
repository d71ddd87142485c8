"""Clients of AWS: the region and the endpoint come from the environment, and a missing region is one line."""

from __future__ import annotations

import pytest

from sentiment.errors import ConfigurationError
from sentiment.service.aws import make_client


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_may_be_named_in_both_ways(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "eu-west-1")
    client = make_client("sqs", read_timeout_seconds=1)
    assert client.meta.region_name == "eu-west-1"
    client.close()


def test_the_endpoint_may_be_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    client = make_client("dynamodb", read_timeout_seconds=1)
    assert client.meta.endpoint_url == "http://127.0.0.1:9000"
    client.close()


def test_a_missing_region_is_a_mistake_in_the_environment() -> None:
    with pytest.raises(ConfigurationError, match=r"set e\.g\. AWS_REGION=eu-west-1"):
        make_client("sqs", read_timeout_seconds=1)
