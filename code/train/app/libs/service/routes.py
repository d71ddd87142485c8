"""train's API: runs and models."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import orjson
from flask import Blueprint, Flask, Response, g, request, url_for

from libs.release.catalogue import list_models, parse_moment, promote_by_hand, show_live_at
from libs.runs.control import cancel_run, current_run, start_run
from libs.runs.lease import Process
from libs.runs.overrides import DATASET, choose_datasets, read_overrides
from libs.runs.record import Run, list_runs
from libs.service.metrics import STARTED
from libs.service.settings import TrainSettings
from sentiment.errors import PermanentError, SentimentError
from sentiment.release.promotion import read_current, roll_back
from sentiment.service.http.app import Readiness, require_token
from sentiment.service.http.problems import make_problem
from sentiment.store import Store

STATUSES: Final = {
    "run_missing": 404, "none_live": 404, "bad_version": 404, "report_missing": 404, "dataset_missing": 422, "bad_time": 422,
    "not_json_type": 415, "run_finished": 409, "no_previous": 409, "not_json": 400, "bad_recipe": 422, "bad_dataset": 422,
}  # fmt: skip
_POLL_SECONDS: Final = 0.5
_MOST_RUNS: Final = 500


def make_readiness(store: Store) -> Callable[[], Readiness]:
    """Return the check behind ``/ready``: the store answers."""

    def look() -> Readiness:
        try:
            current = read_current(store)
        except SentimentError as error:
            return Readiness([error.detail], {})
        return Readiness([], {"model_version": current.current.version if current else None})

    return look


def register_routes(app: Flask, settings: TrainSettings, store: Store, service: Process) -> None:
    """Add the API to ``app``; training processes will not outlive ``service``."""
    app.register_blueprint(_make_runs(settings, store, service))
    app.register_blueprint(_make_models(settings, store))


def _make_runs(settings: TrainSettings, store: Store, service: Process) -> Blueprint:
    routes = Blueprint("runs", __name__)
    guarded = require_token(settings.train_token)

    @routes.route("/train", methods=["GET", "POST"])
    @guarded
    def train() -> Response:
        wait = _read_wait()
        overrides = read_overrides(_read_json()) if request.method == "POST" else {}
        _require_dataset(store, overrides)
        run, fresh = start_run(store, choose_datasets(settings, overrides).name, overrides, service)
        STARTED.inc(fresh)
        g.log_fields = {"run_id": run.run_id, "fresh": fresh}
        return _await_end(store, run) if wait else _answer_accepted(run)

    @routes.get("/runs")
    def runs() -> dict[str, Any]:
        newest = list_runs(store, _read_limit())
        return {"runs": [_show(run if run.finished else current_run(store, run.run_id)) for run in newest]}

    @routes.get("/runs/<run_id>")
    def run(run_id: str) -> dict[str, Any]:
        return _show(current_run(store, _require_name(run_id)))

    @routes.delete("/runs/<run_id>")
    @guarded
    def cancel(run_id: str) -> dict[str, Any]:
        return _show(cancel_run(store, _require_name(run_id)))

    return routes


def _make_models(settings: TrainSettings, store: Store) -> Blueprint:
    routes = Blueprint("models", __name__)
    guarded = require_token(settings.train_token)

    @routes.get("/models")
    def models() -> dict[str, Any]:
        moment = request.args.get("at")
        return list_models(store) if moment is None else show_live_at(store, parse_moment(moment))

    @routes.post("/models/<version>/promote")
    @guarded
    def promote(version: str) -> dict[str, Any]:
        return promote_by_hand(store, version, _read_reason("promoted by request")).model_dump(mode="json")

    @routes.post("/models/rollback")
    @guarded
    def rollback() -> dict[str, Any]:
        return roll_back(store, _read_reason("rolled back by request")).model_dump(mode="json")

    return routes


def _show(run: Run) -> dict[str, Any]:
    return run.model_dump(mode="json")


def _answer_accepted(run: Run) -> Response:
    url = url_for("runs.run", run_id=run.run_id)
    body = {"run_id": run.run_id, "status": run.status, "status_url": url}
    return Response(orjson.dumps(body), 202, {"Location": url}, mimetype="application/json")


def _await_end(store: Store, run: Run) -> Response:
    """Answer when the run has ended: 200 when it succeeded, else 500 with the run inside the problem."""
    while not run.finished:
        time.sleep(_POLL_SECONDS)
        run = current_run(store, run.run_id)
    if run.status == "succeeded":
        return Response(orjson.dumps(_show(run)), 200, mimetype="application/json")
    problem = make_problem(500, run.code or f"run_{run.status}", run.error or run.reason or f"the run was {run.status}")
    problem.set_data(orjson.dumps(orjson.loads(problem.get_data()) | {"run_id": run.run_id, "run": _show(run)}))
    return problem


def _read_json() -> dict[str, Any]:
    body = request.get_data()
    if not body:
        return {}
    if request.mimetype != "application/json":
        raise PermanentError("send overrides as application/json", code="not_json_type")
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise PermanentError(f"the body is not JSON: {error}", code="not_json") from None
    if not isinstance(given, dict):
        raise PermanentError("the body must be a JSON object of overrides", code="bad_recipe")
    return given


def _read_wait() -> bool:
    said = request.args.get("wait", "false")
    if said not in ("true", "false"):  # a scheduler that wrote wait=1 must not take "accepted" for "done"
        raise PermanentError("wait must be true or false", code="bad_wait")
    return said == "true"


def _require_dataset(store: Store, overrides: dict[str, Any]) -> None:
    key = overrides.get(DATASET)
    if key is not None and key not in store.list_keys(key):
        raise PermanentError(f"the store has no data set '{key}'", code="dataset_missing")


def _read_reason(default: str) -> str:
    reason = _read_json().get("reason", default)
    if not isinstance(reason, str) or not 0 < len(reason) <= 500:
        raise PermanentError("reason must be a text of 1 to 500 characters", code="bad_reason")
    return reason


def _read_limit() -> int:
    text = request.args.get("limit", "50")
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_RUNS:
        raise PermanentError(f"limit must be a number from 1 to {_MOST_RUNS}", code="bad_limit")
    return int(text)


def _require_name(run_id: str) -> str:
    if not run_id.replace("-", "").isalnum() or len(run_id) > 64:
        raise PermanentError(f"there is no run '{run_id[:64]}'", code="run_missing")
    return run_id
