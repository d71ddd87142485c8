"""Settings: each is described, and what belongs to a role is asked of that role alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from libs.service.settings import (
    AllSettings,
    AnalyzeSettings,
    BackfillSettings,
    IngestSettings,
    StreamSettings,
    read_stream_settings,
)
from libs.values.addresses import FolderAddress, XAddress
from sentiment.errors import ConfigurationError
from sentiment.service.settings import read_settings

STORES = {"SPOOL_URL": "file:///s", "RESULTS_URL": "sqlite:////r"}
KINDS = (StreamSettings, BackfillSettings, IngestSettings, AnalyzeSettings, AllSettings)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in STORES.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_has_a_description_and_an_example(kind: type[StreamSettings]) -> None:
    for name, field in kind.model_fields.items():
        assert field.description, name
        assert field.examples or field.default is not None, name


def test_no_role_knows_a_variable_that_the_description_lacks() -> None:
    assert {tuple(kind.model_fields) for kind in KINDS} == {tuple(StreamSettings.model_fields)}


def test_secrets_never_show(environment: pytest.MonkeyPatch) -> None:
    for name, value in {"X_BEARER_TOKEN": "sesame", "PREDICT_API_KEY": "sesame", "STREAM_TOKEN": "sesame",
                        "ALERT_WEBHOOK_URL": "https://hooks.example.com/sesame"}.items():  # fmt: skip
        environment.setenv(name, value)
    assert "sesame" not in repr(StreamSettings())  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("kind", "given", "missing"),
    [
        (IngestSettings, {}, "SOURCE_URL is missing, e.g. SOURCE_URL=file:///srv/tweets.csv.gz?rate=50"),
        (IngestSettings, {"SOURCE_URL": ""}, "SOURCE_URL is missing, e.g. SOURCE_URL=file:///srv/tweets.csv.gz?rate=50"),
        (AnalyzeSettings, {}, "PREDICT_URL is missing, e.g. PREDICT_URL=http://127.0.0.1:8080"),
        (BackfillSettings, {}, "PREDICT_URL is missing, e.g. PREDICT_URL=http://127.0.0.1:8080"),
        (AllSettings, {"SOURCE_URL": "wss://h/"}, "PREDICT_URL is missing, e.g. PREDICT_URL=http://127.0.0.1:8080"),
        (IngestSettings, {"SOURCE_URL": "x://h"}, "X_BEARER_TOKEN is missing, e.g. X_BEARER_TOKEN=AAAA… from the X developer portal"),
        (IngestSettings, {"SOURCE_URL": "x://h", "X_BEARER_TOKEN": "t"}, "TRACK is missing: X streams by rules only, e.g. TRACK='acme=\"acme corp\" -is:retweet'"),
    ],
)  # fmt: skip
def test_what_a_role_needs_is_asked_for_in_one_line(
    environment: pytest.MonkeyPatch, kind: type[StreamSettings], given: dict[str, str], missing: str
) -> None:
    for name, value in given.items():
        environment.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        read_settings(kind)
    assert caught.value.detail == missing


def test_a_role_is_not_asked_for_what_it_does_not_need(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PREDICT_URL", "http://127.0.0.1:8080/")
    environment.setenv("SOURCE_URL", "file:///not/there.csv")  # of the other role, on another machine
    settings = read_stream_settings("analyze")
    assert isinstance(settings, AnalyzeSettings)
    assert not isinstance(settings, IngestSettings)
    assert (settings.role, settings.predict_url) == ("analyze", "http://127.0.0.1:8080")
    assert read_settings(StreamSettings).source_url == "file:///not/there.csv"


def test_all_roles_in_one_process_have_both_halves(environment: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PREDICT_URL": "http://serve",
        "SOURCE_URL": "x://h",
        "X_BEARER_TOKEN": "t",
        "TRACK": "acme",
    }.items():
        environment.setenv(name, value)
    settings = read_stream_settings("all")
    assert isinstance(settings, IngestSettings)
    assert isinstance(settings, AnalyzeSettings)
    assert isinstance(settings.source_address, XAddress)
    assert settings.spool_address == FolderAddress(Path("/s"))
    assert settings.role == "all"


def test_an_operator_that_only_x_understands_is_refused_for_any_other_source(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SOURCE_URL", "wss://host/subscribe")
    environment.setenv("TRACK", "acme=acme -is:retweet")
    with pytest.raises(ConfigurationError, match="only X understands"):
        read_stream_settings("ingest")


@pytest.mark.parametrize("role", ["ingest", "analyze"])
def test_a_role_that_listens_beyond_this_machine_wants_a_token(environment: pytest.MonkeyPatch, role: str) -> None:
    for name, value in {"PREDICT_URL": "http://serve", "SOURCE_URL": "wss://host/", "HOST": "0.0.0.0"}.items():
        environment.setenv(name, value)
    with pytest.raises(ConfigurationError, match="STREAM_TOKEN is missing"):
        read_stream_settings(role)  # type: ignore[arg-type]
    environment.setenv("ALLOW_OPEN", "1")
    assert read_stream_settings(role).allow_open  # type: ignore[arg-type]


def test_a_queue_lets_many_processes_analyze_and_a_folder_one(environment: pytest.MonkeyPatch) -> None:
    assert not read_settings(StreamSettings).many_analyze
    environment.setenv("SPOOL_URL", "sqs://posts")
    assert read_settings(StreamSettings).many_analyze
