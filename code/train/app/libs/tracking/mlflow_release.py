"""Log a published release to MLflow as a run and a registered model version. The only module that imports MLflow.

Everything comes from the release itself, so it can be logged again at any time: after MLflow was down, or to move an alias.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from sentiment.errors import ConfigurationError, PermanentError, TransientError
from sentiment.release.manifest import MANIFEST, REPORT, Manifest, Release

MODEL: Final = "sentiment"
EXPERIMENT: Final = "sentiment-runs"  # GitLab wants another name than the model's
CHAMPION, CHALLENGER = "champion", "challenger"
MISSING: Final = "MLflow is not installed: pip install --no-deps -r build/requirements-experiments.txt"
RELEASE_TAG, VERSION_TAG, ALIAS_TAG = "release", "registered_version", "alias"
_BATCH: Final = 100  # MLflow takes at most so many parameters at once
_PAGE: Final = 200
_EPOCH_METRICS: Final = {"loss": "loss", "watched_loss": "val_loss", "watched_accuracy": "val_accuracy"}
# MLflow's own defaults would try for a quarter of an hour; variables that are set already win.
_TIME_LIMITS: Final = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "20", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
_QUIET: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


def log_release(uri: str, release: Release, *, live: bool, warn: Callable[[str], None]) -> str:
    """Log ``release`` to the MLflow server at ``uri`` and return the version it is registered under.

    ``live``: it gets the alias ``champion``, else ``challenger``. A release that was logged before is found again and only
    its alias is set. ``warn`` is called with what this server cannot do (GitLab's has no aliases; there the run has a tag).
    Raises ``ConfigurationError`` when MLflow is not installed, ``PermanentError("mlflow_refused")``,
    ``TransientError("mlflow_unreachable")``.
    """
    for name, value in (_TIME_LIMITS | _QUIET).items():
        os.environ.setdefault(name, value)
    try:
        import mlflow
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        raise ConfigurationError(MISSING) from None
    try:
        return _ReleaseLogger(mlflow.MlflowClient(uri, registry_uri=uri), uri, release, warn).log(live=live)
    except MlflowException as error:
        detail = f"MLflow: {_without_credentials(error.message)}"
        # GitLab's refusals carry no code that MLflow's client knows, only the status in their sentence.
        if 400 <= _status(error) < 500 or re.search(r"\b40[013]\b", detail):
            raise PermanentError(detail, code="mlflow_refused") from None
        raise TransientError(detail, code="mlflow_unreachable") from None
    except (OSError, SQLAlchemyError) as error:
        raise TransientError(f"MLflow: {_without_credentials(str(error))}", code="mlflow_unreachable") from None


class _ReleaseLogger:
    """Find or make the run of one release, fill it, register it, and set its alias."""

    def __init__(self, client: Any, uri: str, release: Release, warn: Callable[[str], None]) -> None:
        self._client, self._uri, self._release, self._warn = client, uri, release, warn

    def log(self, *, live: bool) -> str:
        run = self._find_run(experiment := self._open_experiment())
        version: str | None = run.data.tags.get(VERSION_TAG) if run else None
        if version is None:
            run = run or self._start_run(experiment)
            version = self._fill(run)
        self._set_alias(run.info.run_id, version, CHAMPION if live else CHALLENGER)
        return version

    def _open_experiment(self) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        # Beside a SQLite file lie its files; MLflow would put them into whatever folder this process happens to be in.
        file = self._uri.removeprefix("sqlite:///")
        beside = None if file == self._uri else (Path(file).resolve().parent / "mlartifacts").as_uri()
        return str(self._client.create_experiment(name, artifact_location=beside))

    def _find_run(self, experiment: str) -> Any:
        # A newer GitLab moves a run that became a version into the model's own experiment.
        models = self._client.get_experiment_by_name(f"[model]{MODEL}")
        places = [experiment, *([models.experiment_id] if models else [])]
        runs = (run for place in places for run in self._list_runs(place))
        return next((run for run in runs if run.data.tags.get(RELEASE_TAG) == self._release.version), None)

    def _list_runs(self, experiment: str) -> Iterator[Any]:
        """Yield the experiment's runs of this release; GitLab passes over the filter and yields all, page by page."""
        wanted, token = f"tags.{RELEASE_TAG} = '{self._release.version}'", None
        while True:
            page = self._client.search_runs([experiment], wanted, max_results=_PAGE, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _start_run(self, experiment: str) -> Any:
        began = int(self._release.manifest.created_at.timestamp() * 1000)
        tags = {RELEASE_TAG: self._release.version, "mlflow.source.git.commit": self._release.manifest.code_revision}
        return self._client.create_run(experiment, start_time=began, run_name=self._release.version, tags=tags)

    def _fill(self, run: Any) -> str:
        from mlflow.entities import Metric, Param, RunTag

        run_id, manifest = run.info.run_id, self._release.manifest
        parameters = [Param(name, str(value)) for name, value in list_parameters(manifest).items()]
        for start in range(0, len(parameters), _BATCH):
            self._client.log_batch(run_id, params=parameters[start : start + _BATCH])
        report = json.loads((self._release.folder / REPORT).read_text(encoding="utf-8"))
        now = int(manifest.created_at.timestamp() * 1000)
        metrics = [Metric(name, value, now, step) for name, value, step in list_metrics(manifest, report)]
        self._client.log_batch(run_id, metrics=metrics)
        version = self._register(run)
        self._client.log_batch(run_id, tags=[RunTag(VERSION_TAG, version)])
        self._client.set_terminated(run_id, "FINISHED")
        return version

    def _register(self, run: Any) -> str:
        from mlflow.exceptions import MlflowException

        try:
            self._client.get_registered_model(MODEL)
        except MlflowException as error:
            if _status(error) != 404:
                raise
            self._client.create_registered_model(MODEL)
        made = self._client.create_model_version(
            MODEL, run.info.artifact_uri, run_id=run.info.run_id, await_creation_for=None
        )
        # GitLab gives a version a run of its own and keeps a version's files there.
        self._upload(made.run_id or run.info.run_id)
        return str(made.version)

    def _upload(self, run_id: str) -> None:
        for name in sorted(self._release.manifest.files):
            self._client.log_artifact(run_id, str(self._release.folder / name))
        manifest = self._release.folder / MANIFEST
        manifest.write_text(self._release.manifest.model_dump_json(indent=1), encoding="utf-8")
        self._client.log_artifact(run_id, str(manifest))

    def _set_alias(self, run_id: str, version: str, alias: str) -> None:
        from mlflow.exceptions import MlflowException

        self._client.set_tag(run_id, ALIAS_TAG, alias)
        try:
            self._client.set_registered_model_alias(MODEL, alias, version)
            aliases = self._client.get_registered_model(MODEL).aliases
            if alias == CHAMPION and str(aliases.get(CHALLENGER)) == version:
                self._client.delete_registered_model_alias(MODEL, CHALLENGER)
        except MlflowException as error:
            self._warn(
                f"this MLflow keeps no aliases; version {version} is {alias}: {_without_credentials(error.message)}"
            )


def list_parameters(manifest: Manifest) -> dict[str, Any]:
    """Return the run's parameters: hyperparameters, the seed, and what each data set was."""
    found: dict[str, Any] = {name: "unset" if value is None else value for name, value in manifest.parameters.items()}
    for place, dataset in enumerate(manifest.datasets, 1):
        found |= {f"dataset_{place}.{name}": value for name, value in dataset.model_dump().items()}
    return found | {"cleaning_version": manifest.cleaning_version, "labels": ",".join(manifest.labels)}


def list_metrics(manifest: Manifest, report: dict[str, Any]) -> Iterator[tuple[str, float, int]]:
    """Yield name, value and step: figures on held-out rows with their intervals, seconds of each stage, then the epochs'.

    Epochs count on from one stage of training to the next.
    """
    for name, figure in report["metrics"].items():
        ends = {name: figure["value"], f"{name}_low": figure["low"], f"{name}_high": figure["high"]}
        yield from ((end, value, 0) for end, value in ends.items() if math.isfinite(value))
    yield from ((f"seconds_{stage}", seconds, 0) for stage, seconds in manifest.durations_seconds.items())
    epoch = 0
    for history in report["histories"].values():
        for step in range(len(history["loss"])):
            epoch += 1
            yield from ((name, history[kind][step], epoch) for kind, name in _EPOCH_METRICS.items())


def _status(error: Any) -> int:
    return int(error.get_http_status_code())


def _without_credentials(message: str) -> str:
    return re.sub(r"//[^/@\s]+@", "//***@", message.strip().partition("\n")[0])
