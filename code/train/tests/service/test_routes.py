"""Every answer of the API that needs no training."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from develop.fixtures.tiny_release import publish_tiny_release
from libs.runs.lease import Process
from libs.runs.record import finish_run, new_run, write_run
from libs.service.contract import TrainReady
from libs.service.pages import register_pages
from libs.service.release_routes import make_readiness
from libs.service.routes import register_routes
from libs.service.server import STATUSES, WEB_FOLDER
from libs.service.settings import TrainSettings
from sentiment.release.promotion import promote_release, record_refusal
from sentiment.service.http.app import create_web_app
from sentiment.store import Store


def make_client(settings: TrainSettings, store: Store) -> FlaskClient:
    app = create_web_app(
        "train", settings, folder=WEB_FOLDER, readiness=make_readiness(store), ready_model=TrainReady, statuses=STATUSES,
        body_limit_bytes=2**20,
    )  # fmt: skip
    register_routes(app, settings, store, Process.of(os.getpid()))
    register_pages(app, settings, store)
    return app.test_client()


@pytest.fixture
def client(settings: TrainSettings, store: Store) -> FlaskClient:
    return make_client(settings, store)


@pytest.mark.parametrize(
    ("overrides", "status", "code", "named"),
    [
        ({"epochs": 0}, 422, "bad_recipe", "epochs"),
        ({"epochs": "many"}, 422, "bad_recipe", "epochs"),
        ({"colour": "red"}, 422, "bad_recipe", "colour"),
        ({"epochs": 0, "learning_rate": 9}, 422, "bad_recipe", "learning_rate"),
        ({"dataset": "file:///etc/passwd"}, 422, "bad_dataset", "datasets/"),
        ({"dataset": "https://example.org/x.csv"}, 422, "bad_dataset", "datasets/"),
        ({"dataset": "../../etc/passwd"}, 422, "bad_dataset", "datasets/"),
        ({"dataset": "models/current.json"}, 422, "bad_dataset", "datasets/"),
        ({"dataset": "datasets/../models/current.json"}, 422, "bad_dataset", "datasets/"),
        ({"dataset": 7}, 422, "bad_dataset", "datasets/"),
        ({"dataset": "datasets/none.csv"}, 422, "dataset_missing", "none.csv"),
        ([1, 2], 422, "bad_recipe", "object"),
    ],
)
def test_overrides_that_are_wrong_are_refused_by_name_and_start_nothing(
    client: FlaskClient, overrides: Any, status: int, code: str, named: str
) -> None:
    answer = client.post("/train", json=overrides)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json is not None
    assert answer.json["code"] == code
    assert named in answer.json["detail"]
    assert client.get("/runs").json == {"runs": []}


def test_bodies_that_are_no_json_are_refused(client: FlaskClient) -> None:
    assert client.post("/train", data="{", content_type="application/json").status_code == 400
    assert client.post("/train", data="epochs=1", content_type="application/x-www-form-urlencoded").status_code == 415
    assert client.post("/train", data=b"x" * 2_000_000, content_type="application/json").status_code == 413


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/train"),
        ("POST", "/train"),
        ("DELETE", "/runs/x"),
        ("POST", "/models/v1/promote"),
        ("POST", "/models/rollback"),
    ],
)
def test_whatever_changes_something_needs_the_token(store: Store, method: str, path: str) -> None:
    client = make_client(TrainSettings(store_url=store.url, dataset_url="sample", train_token="right"), store)
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic right"}):
        answer = client.open(path, method=method, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.open("/models/rollback", method="POST", headers={"Authorization": "Bearer right"}).status_code == 409
    assert client.get("/runs").status_code == 200


def test_unknown_runs_releases_and_times_are_problems(client: FlaskClient) -> None:
    assert client.get("/runs/never").status_code == 404
    assert client.get("/runs/..%2f..%2fetc").status_code == 404
    assert client.delete("/runs/never").status_code == 404
    assert client.get("/models?at=yesterday").status_code == 422
    assert client.get("/models?at=2026-01-01T00:00:00").status_code == 422
    assert client.get("/models?at=2026-01-01T00:00:00Z").status_code == 404
    assert client.get("/runs?limit=0").status_code == 422
    assert client.post("/models/none/promote").status_code == 404
    assert client.get("/models/none/report.html").status_code == 404
    assert client.get("/models/v1/model.onnx").status_code == 404


def test_a_scheduler_that_waits_in_other_words_is_told_so_and_starts_nothing(client: FlaskClient) -> None:
    for said in ("1", "yes", "True", ""):
        answer = client.get(f"/train?wait={said}")
        assert (answer.status_code, answer.json and answer.json["code"]) == (422, "bad_wait")
    assert client.get("/runs").json == {"runs": []}


def test_the_report_says_what_became_of_its_release_and_is_asked_for_anew(client: FlaskClient, store: Store) -> None:
    for version in ("v1", "v2"):
        publish_tiny_release(store, version)
        store.write(f"models/{version}/report.html", b"<h1>r</h1><!-- verdict -->")
    promote_release(store, "v1", "first <b>valid</b>")
    record_refusal(store, "v2", "accuracy -0.03")
    shown = client.get("/models/v1/report.html")
    assert "Live now" in shown.text
    assert "first &lt;b&gt;valid" in shown.text
    assert "no-cache" in shown.headers["Cache-Control"]
    kept_back = client.get("/models/v2/report.html").text
    assert "Published, never live" in kept_back
    assert "kept back by the gate: accuracy -0.03" in kept_back
    promote_release(store, "v2", "by hand")
    assert "Live until another was promoted" in client.get("/models/v1/report.html").text
    assert "immutable" in client.get("/models/v1/report.json").headers["Cache-Control"]


def test_a_run_is_answered_with_every_field_design_names(client: FlaskClient, store: Store) -> None:
    run = finish_run(new_run("sample", {"epochs": 2}), "failed", error="no", code="one_label")
    write_run(store, run)
    found = client.get(f"/runs/{run.run_id}").json
    assert found is not None
    assert {
        "run_id", "status", "stage", "progress", "metrics", "model_version", "promoted", "reason", "error", "started_at",
        "finished_at",
    } <= found.keys()  # fmt: skip
    assert client.get("/runs").json == {"runs": [found]}


def test_releases_are_listed_with_what_became_of_them(client: FlaskClient, store: Store) -> None:
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "first", warnings=("few rows",))
    listed = client.get("/models").json
    assert listed is not None
    assert listed["current"] == "v1"
    assert listed["models"][0]["metrics"] == {"accuracy": 0.75}
    assert (listed["models"][0]["current"], listed["models"][0]["reason"]) == (True, "first")
    assert client.get("/models/v1/report.json").json == {}
    assert client.get("/ready").json == {"ready": True, "reasons": [], "model_version": "v1"}


def test_a_store_that_is_down_is_503_and_not_ready(settings: TrainSettings, tmp_path: Path) -> None:
    from sentiment.store import open_store

    (tmp_path / "file").write_text("in the way")
    store = open_store((tmp_path / "file" / "store").as_uri())
    client = make_client(settings, store)
    assert client.get("/ready").status_code == 503
    assert client.get("/train").status_code >= 422


def test_every_route_is_in_openapi_and_nothing_else_is(client: FlaskClient) -> None:
    described = json.loads((WEB_FOLDER / "openapi.json").read_text())
    paths = {
        (method, path.replace("<", "{").replace(">", "}"))
        for rule in client.application.url_map.iter_rules()
        if not (path := rule.rule).startswith(("/static", "/docs"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert paths == {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}


def test_openapi_describes_the_recipe_that_the_code_has() -> None:
    from libs.values.recipe import Recipe

    described = json.loads((WEB_FOLDER / "openapi.json").read_text())["components"]["schemas"]["Overrides"][
        "properties"
    ]
    expected = {
        name: {k: v for k, v in schema.items() if k != "title"}
        for name, schema in Recipe.model_json_schema()["properties"].items()
    }
    assert {name: schema for name, schema in described.items() if name != "dataset"} == expected


def test_the_page_is_served_and_loads_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
