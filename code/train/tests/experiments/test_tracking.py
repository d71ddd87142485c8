"""Releases told to MLflow."""

from __future__ import annotations

import gc
import json
import logging
import socket
import sqlite3
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from processes import run_command

from develop.fixtures.tiny_release import build_tiny_release
from experiments.mlflow_servers import TOKEN, start_gitlab, start_mlflow_server
from libs.service.settings import TrainSettings
from libs.tracking.background import MOST_WAITED_SECONDS, log_to_mlflow, track
from sentiment.errors import ConfigurationError, PermanentError, TransientError
from sentiment.release.manifest import REPORT, describe_file
from sentiment.release.promotion import promote_release
from sentiment.release.publishing import publish_release
from sentiment.store import Store

REPORTED = {
    "metrics": {
        "accuracy": {"value": 0.81, "low": 0.8, "high": 0.82},
        "roc_auc": {"value": float("nan"), "low": 0.0, "high": 1.0},
    },
    "histories": {
        "first": {"loss": [0.6, 0.5], "watched_loss": [0.7, 0.6], "watched_accuracy": [0.6, 0.7]},
        "second": {"loss": [0.4], "watched_loss": [0.5], "watched_accuracy": [0.75]},
    },
}


@pytest.fixture
def mlflow() -> Any:
    yield pytest.importorskip(
        "mlflow", reason="no MLflow here: pip install --no-deps -r build/requirements-experiments.txt"
    )
    gc.collect()  # MLflow's unclosed connections, while this test's filters hold


def publish(store: Store, version: str, folder: Path) -> str:
    manifest = build_tiny_release(folder / version, version, parameters={"epochs": None, "vector_size": 64})
    (folder / version / REPORT).write_text(json.dumps(REPORTED))
    files = manifest.files | {REPORT: describe_file(folder / version / REPORT)}
    publish_release(store, folder / version, manifest.model_copy(update={"files": files}))
    return version


def settings_for(store: Store, uri: str | None) -> TrainSettings:
    return TrainSettings(store_url=store.url, dataset_url="sample", mlflow_tracking_uri=uri)


@pytest.fixture
def sqlite_uri(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.fixture(params=["sqlite", "server"])
def uri(request: pytest.FixtureRequest, tmp_path: Path, mlflow: Any) -> Any:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/mlflow.db"
        return
    with start_mlflow_server(tmp_path) as url:
        yield url


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"
)  # MLflow's own
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its SQLite connections close with it
class TestMLflow:
    @pytest.mark.timeout(900)
    def test_a_release_becomes_a_run_and_a_registered_version_and_aliases_follow_what_is_live(
        self, mlflow: Any, uri: str, store: Store, tmp_path: Path
    ) -> None:
        """One story, since a server takes half a minute to start: parameters, epochs, files, aliases, told twice."""
        one, two = (
            publish(store, "20260101T000000Z-aaaaaa", tmp_path),
            publish(store, "20260102T000000Z-bbbbbb", tmp_path),
        )
        promote_release(store, one, "test")
        settings = settings_for(store, uri)
        assert (log_to_mlflow(settings, one), log_to_mlflow(settings, two)) == ("1", "2")
        client = mlflow.MlflowClient(uri, registry_uri=uri)
        assert {name: str(version) for name, version in client.get_registered_model("sentiment").aliases.items()} == {
            "champion": "1", "challenger": "2",
        }  # fmt: skip
        registered = client.get_model_version("sentiment", "1")
        run = client.get_run(registered.run_id)
        assert run.info.status == "FINISHED"
        assert run.data.tags["release"] == one
        assert run.data.params["vector_size"] == "64"
        assert run.data.params["epochs"] == "unset"
        assert run.data.params["dataset_1.name"] == "word list"
        assert (run.data.metrics["accuracy"], run.data.metrics["accuracy_low"]) == (0.81, 0.8)
        assert "roc_auc" not in run.data.metrics
        history = client.get_metric_history(run.info.run_id, "val_accuracy")
        assert sorted((point.step, point.value) for point in history) == [(1, 0.6), (2, 0.7), (3, 0.75)]
        listed = {file.path: file.file_size for file in client.list_artifacts(run.info.run_id)}
        assert {"manifest.json", "report.json", "model.onnx", "word2vec.npy", "golden.jsonl"} <= set(listed)
        assert listed["model.onnx"] == (tmp_path / one / "model.onnx").stat().st_size
        promote_release(store, two, "test")
        assert log_to_mlflow(settings, two) == "2", "told again, a release keeps its version"
        assert {name: str(version) for name, version in client.get_registered_model("sentiment").aliases.items()} == {
            "champion": "2"
        }
        assert len(client.search_runs([run.info.experiment_id])) == 2

    def test_a_sqlite_files_artifacts_lie_beside_it(
        self, mlflow: Any, sqlite_uri: str, store: Store, tmp_path: Path
    ) -> None:
        log_to_mlflow(settings_for(store, sqlite_uri), publish(store, "20260101T000000Z-aaaaaa", tmp_path))
        assert list((tmp_path / "mlartifacts").rglob("model.onnx"))

    @pytest.mark.parametrize("promotes", [False, True])
    def test_gitlab_gets_the_token_the_files_of_the_version_and_the_alias_as_a_tag(  # noqa: PLR0917 - fixtures
        self,
        mlflow: Any,
        store: Store,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        promotes: bool,
    ) -> None:
        versions = [publish(store, f"2026010{day}T000000Z-aaaaaa", tmp_path) for day in range(1, 5)]
        promote_release(store, versions[0], "test")
        with start_gitlab(promotes=promotes) as gitlab:
            settings = settings_for(store, f"{gitlab.url}/api/v4/projects/7/ml/mlflow")
            monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "another")
            with pytest.raises(PermanentError, match="401"):
                log_to_mlflow(settings, versions[0])
            assert gitlab.runs == []
            monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", TOKEN)
            told = [log_to_mlflow(settings, version) for version in versions]
            again = [log_to_mlflow(settings, version) for version in versions]
        assert told == again == ["1.0.0", "2.0.0", "3.0.0", "4.0.0"], "the oldest is found on the second page"
        run = gitlab.runs[0]
        assert {"key": "alias", "value": "champion"} in run["tags"]
        assert {"key": "vector_size", "value": "64"} in run["params"]
        assert {(metric["key"], metric["step"]) for metric in run["metrics"]} >= {("accuracy", 0), ("val_loss", 3)}
        assert run["status"] == "FINISHED"
        assert len(gitlab.versions) == 4
        folder = gitlab.versions[0]["run_id"].rpartition("-")[2]
        assert gitlab.files[f"ml_{folder}/model.onnx"] == (tmp_path / versions[0] / "model.onnx").read_bytes()
        assert "keeps no aliases" in caplog.text

    def test_a_run_is_told_without_waiting_for_more_than_a_few_seconds(
        self, mlflow: Any, sqlite_uri: str, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The process goes on by itself: a new SQLite file alone takes MLflow ten seconds."""
        version = publish(store, "20260101T000000Z-aaaaaa", tmp_path)
        promote_release(store, version, "test")
        caplog.set_level(logging.INFO)
        began = time.monotonic()
        track(settings_for(store, sqlite_uri), version)
        assert time.monotonic() - began < MOST_WAITED_SECONDS + 3
        deadline = time.monotonic() + 200
        while time.monotonic() < deadline and find_champion(tmp_path / "mlflow.db") is None:
            time.sleep(1)
        assert find_champion(tmp_path / "mlflow.db") == "1"

    def test_mlflow_that_is_down_or_never_answers_holds_nothing_up_and_is_logged(
        self, mlflow: Any, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        version = publish(store, "20260101T000000Z-aaaaaa", tmp_path)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            uri = f"http://user:secret@127.0.0.1:{silent.getsockname()[1]}"
            began = time.monotonic()
            track(settings_for(store, uri), version)
            assert time.monotonic() - began < MOST_WAITED_SECONDS + 3
        assert caplog.records[-1].levelname == "WARNING"
        assert caplog.records[-1].repeat == f"python main.py track {version}"
        with pytest.raises(TransientError, match="MLflow") as raised:
            log_to_mlflow(settings_for(store, uri), version)
        assert raised.value.code == "mlflow_unreachable"
        assert "secret" not in raised.value.detail


def find_champion(file: Path) -> str | None:
    with closing(sqlite3.connect(file)) as connection, suppress(sqlite3.OperationalError):
        found = connection.execute("select version from registered_model_aliases where alias = 'champion'").fetchone()
        return str(found[0]) if found else None
    return None


def test_without_an_address_nothing_is_told(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    track(settings_for(store, None), "20260101T000000Z-aaaaaa")
    assert caplog.records == []
    with pytest.raises(ConfigurationError, match="MLFLOW_TRACKING_URI"):
        log_to_mlflow(settings_for(store, None), "20260101T000000Z-aaaaaa")


def test_without_the_package_a_run_is_warned_and_a_person_told_what_to_install(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    version = publish(store, "20260101T000000Z-aaaaaa", tmp_path)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    track(settings_for(store, "sqlite:////nowhere/x.db"), version)
    assert "requirements-experiments.txt" in caplog.records[-1].error
    with pytest.raises(ConfigurationError, match=r"requirements-experiments\.txt"):
        log_to_mlflow(settings_for(store, "sqlite:////nowhere/x.db"), version)


def test_track_of_a_release_that_is_not_there_is_one_line(store: Store) -> None:
    environment = {"STORE_URL": store.url, "DATASET_URL": "sample", "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    done = run_command("track", "none", environment=environment)
    assert done.returncode == 1
    assert done.stderr.startswith("key_missing:")
    assert len(done.stderr.strip().splitlines()) == 1
