"""MLflow's own server as a process, and a stand-in for GitLab's endpoint, which cannot run here.

The stand-in does what GitLab documents and its routes do where they differ from MLflow: a bearer token for every call,
files by PUT into the package registry, versions like 1.0.0, a model's own experiment "[model]<name>", no model named as an
experiment is, runs searched in one experiment at a time, newest first, page by page and never by tag, and no aliases. A
version has a run of its own, or (``promotes``, newer GitLab) takes the run it was made from into the model's experiment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from flask import Flask, jsonify, request
from werkzeug.serving import make_server

from develop.fixtures.ports import find_free_port

TOKEN = "a-made-up-token"
MOST_RUNS = 2  # on a page; GitLab's own limit is 1,000
_START_SECONDS = 400  # half a minute on an idle machine


@contextmanager
def start_mlflow_server(folder: Path) -> Iterator[str]:
    """Run ``mlflow server`` (the program named by MLFLOW_SERVER) and yield its address."""
    program = shutil.which(os.environ.get("MLFLOW_SERVER", ""))
    if program is None:
        pytest.skip("no MLflow server: MLFLOW_SERVER names no program (pip install mlflow, 676 MB, elsewhere)")
    port = find_free_port()
    words = ["--backend-store-uri", f"sqlite:///{folder}/m.db", "--artifacts-destination", str(folder / "files")]
    environment = {"MLFLOW_DISABLE_TELEMETRY": "true", "PATH": os.environ["PATH"], "HOME": str(folder)}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "server", *words, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=folder,
        )  # fmt: skip
    try:
        _await(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(180)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.3)
    pytest.fail(f"MLflow did not start: exit code {process.poll()}")


class GitLab:
    """What the stand-in was told."""

    def __init__(self, *, promotes: bool = False) -> None:
        self.promotes = promotes
        self.name = uuid4().hex  # MLflow's client remembers by run where files go, across servers
        self.experiments: list[str] = []
        self.runs: list[dict[str, Any]] = []
        self.versions: list[dict[str, Any]] = []
        self.models: list[str] = []
        self.files: dict[str, bytes] = {}
        self.url = ""

    def describe(self, run: dict[str, Any]) -> dict[str, Any]:
        number, run_id = run["number"], f"{self.name}-{run['number']}"
        facts = {name: run[name] for name in ("params", "metrics", "tags")}
        info = {
            "run_id": run_id, "run_uuid": run_id, "experiment_id": run["experiment"], "status": run["status"],
            "artifact_uri": f"{self.url}/api/v4/projects/7/packages/generic/ml_{number}/1",
            "lifecycle_stage": "active", "start_time": 0, "user_id": "1",
        }  # fmt: skip
        return {"run": {"info": info, "data": facts}}

    def add_run(self, experiment: str, tags: list[dict[str, str]]) -> dict[str, Any]:
        run: dict[str, Any] = {
            "experiment": experiment,
            "number": len(self.runs) + 1,
            "params": [],
            "metrics": [],
            "tags": tags,
            "status": "RUNNING",
        }
        self.runs.append(run)
        return run

    def run(self, run_id: str) -> dict[str, Any]:
        return self.runs[int(run_id.removeprefix(f"{self.name}-")) - 1]


@contextmanager
def start_gitlab(*, promotes: bool = False) -> Iterator[GitLab]:
    """Serve the stand-in on loopback and yield it."""
    gitlab = GitLab(promotes=promotes)
    app = _make_app(gitlab)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    gitlab.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield gitlab
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _make_app(gitlab: GitLab) -> Flask:
    app = Flask("gitlab")
    api = "/api/v4/projects/7/ml/mlflow/api/2.0/mlflow"

    @app.before_request
    def require_token() -> Any:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return jsonify(message="401 Unauthorized"), 401
        return None

    def missing(what: str) -> Any:
        return jsonify(error_code="RESOURCE_DOES_NOT_EXIST", message=f"{what} not found"), 404

    @app.get(f"{api}/experiments/get-by-name")
    def get_experiment() -> Any:
        name = request.args["experiment_name"]
        if name not in gitlab.experiments:
            return missing("experiment")
        return {
            "experiment": {
                "experiment_id": str(gitlab.experiments.index(name) + 1),
                "name": name,
                "lifecycle_stage": "active",
                "artifact_location": "not_implemented",
            }
        }

    @app.post(f"{api}/experiments/create")
    def create_experiment() -> Any:
        gitlab.experiments.append(request.json["name"])
        return {"experiment_id": str(len(gitlab.experiments))}

    @app.post(f"{api}/runs/search")
    def search_runs() -> Any:
        (experiment,) = request.json["experiment_ids"]
        runs = [run for run in reversed(gitlab.runs) if run["experiment"] == experiment]  # the filter is not looked at
        start = int(request.json.get("page_token") or 0)
        end = start + min(request.json["max_results"], MOST_RUNS)
        more = {"next_page_token": str(end)} if end < len(runs) else {}
        return {"runs": [gitlab.describe(run)["run"] for run in runs[start:end]], **more}

    @app.post(f"{api}/runs/create")
    def create_run() -> Any:
        return gitlab.describe(gitlab.add_run(request.json["experiment_id"], request.json["tags"]))

    @app.get(f"{api}/runs/get")
    def get_run() -> Any:
        return gitlab.describe(gitlab.run(request.args["run_id"]))

    @app.post(f"{api}/runs/update")
    def update_run() -> Any:
        run = gitlab.run(request.json["run_id"])
        run["status"] = request.json["status"]
        return {"run_info": gitlab.describe(run)["run"]["info"]}

    @app.post(f"{api}/runs/log-batch")
    def log_batch() -> Any:
        run = gitlab.run(request.json["run_id"])
        for name in ("params", "metrics", "tags"):
            run[name] += request.json.get(name, [])
        return {}

    @app.post(f"{api}/runs/set-tag")
    def set_tag() -> Any:
        gitlab.run(request.json["run_id"])["tags"].append({"key": request.json["key"], "value": request.json["value"]})
        return {}

    @app.get(f"{api}/registered-models/get")
    def get_model() -> Any:
        return (
            {"registered_model": {"name": request.args["name"]}}
            if request.args["name"] in gitlab.models
            else missing("model")
        )

    @app.post(f"{api}/registered-models/create")
    def create_model() -> Any:
        name = request.json["name"]
        if name in gitlab.experiments:
            return jsonify(error_code="RESOURCE_ALREADY_EXISTS", message="400 Bad request"), 400
        gitlab.models.append(name)
        gitlab.experiments.append(f"[model]{name}")
        return {"registered_model": {"name": name}}

    @app.post(f"{api}/model-versions/create")
    def create_version() -> Any:
        models = str(gitlab.experiments.index(f"[model]{request.json['name']}") + 1)
        if gitlab.promotes:
            run = gitlab.run(request.json["run_id"])
            run["experiment"] = models
        else:
            run = gitlab.add_run(models, [])
        version = {
            "name": request.json["name"],
            "version": f"{len(gitlab.versions) + 1}.0.0",
            "run_id": f"{gitlab.name}-{run['number']}",
            "status": "READY",
        }
        gitlab.versions.append(version)
        return {"model_version": version}

    @app.put("/api/v4/projects/7/packages/generic/<package>/<version>/<name>")
    def upload(package: str, version: str, name: str) -> Any:
        gitlab.files[f"{package}/{name}"] = request.get_data()
        return {"message": "201 Created"}, 201

    @app.errorhandler(404)
    def not_there(_error: Any) -> Any:
        return jsonify(error="404 Not Found"), 404

    return app
