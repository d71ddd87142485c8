"""train's API of runs: start, follow, cancel."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import orjson
from flask import Blueprint, Flask, Response, g, url_for

from libs.runs.control import cancel_run, current_run, start_run
from libs.runs.lease import Process
from libs.runs.overrides import DATASET, choose_datasets, read_overrides
from libs.runs.record import Run, list_runs
from libs.service import contract
from libs.service.metrics import STARTED
from libs.service.release_routes import make_release_routes
from libs.service.settings import TrainSettings
from sentiment.errors import PermanentError
from sentiment.service.http.app import require_token
from sentiment.service.http.contract import PROBLEM, Answer, answer, describe, problem, read_query
from sentiment.service.http.models import Problem
from sentiment.service.http.problems import make_problem
from sentiment.store import Store

_POLL_SECONDS: Final = 0.5
_STARTED: Final = (
    answer(
        202, "The run that is going on; one at a time", contract.Accepted, Location="Where the run can be followed."
    ),
    answer(200, "?wait=true: it succeeded", Run),
    Answer(
        500,
        "?wait=true: it did not succeed, and `code` says why; or a defect of this app, `internal_error`.",
        {PROBLEM: contract.RunProblem | Problem},
    ),
)
_NO_START: Final = ("configuration", "store_denied")
_NO_RUN: Final = problem(404, "There is no such run.", "run_missing")
_UNREADABLE_RUN: Final = problem(422, "Its record cannot be read.", "run_damaged", "store_denied")
Guard = Callable[[Callable[..., Any]], Callable[..., Any]]


def register_routes(app: Flask, settings: TrainSettings, store: Store, service: Process) -> None:
    """Add the API to ``app``; training processes will not outlive ``service``."""
    app.register_blueprint(_make_runs(settings, store, service))
    app.register_blueprint(make_release_routes(settings, store))


def _make_runs(settings: TrainSettings, store: Store, service: Process) -> Blueprint:
    routes = Blueprint("runs", __name__)
    guarded = require_token(settings.train_token)
    _add_starts(routes, guarded, RunStarter(settings, store, service))
    _add_runs(routes, guarded, store)
    return routes


class RunStarter:
    """Starts a run, or finds the one that is going on, and answers for it."""

    def __init__(self, settings: TrainSettings, store: Store, service: Process) -> None:
        """Let runs learn from the settings' data set unless a call names another; none outlives ``service``."""
        self._settings, self._store, self._service = settings, store, service

    def start(self, overrides: dict[str, Any], *, wait: bool) -> Response:
        """Return 202 at once, or with ``wait`` 200 or 500 at the run's end."""
        _require_dataset(self._store, overrides)
        dataset = choose_datasets(self._settings, overrides).name
        run, fresh = start_run(self._store, dataset, overrides, self._service)
        STARTED.inc(fresh)
        g.log_fields = {"run_id": run.run_id, "fresh": fresh}
        return _await_end(self._store, run) if wait else _answer_accepted(run)


def _add_starts(routes: Blueprint, guarded: Guard, starter: RunStarter) -> None:
    @routes.get("/train")
    @describe(
        "startRun",
        "Start a run (a scheduler's call)",
        *_STARTED,
        contract.UNKNOWN_CALLER,
        problem(422, "wait is neither true nor false, or a run cannot begin.", "bad_wait", *_NO_START),
        contract.STORE_DOWN,
        query=contract.TrainQuery,
        security=contract.GUARDED,
        tag="runs",
    )
    @guarded
    def start() -> Response:
        return starter.start({}, wait=read_query(contract.TrainQuery).wait == "true")

    @routes.post("/train")
    @describe(
        "startRunWithOverrides",
        "Start a run with overrides",
        *_STARTED,
        contract.BAD_JSON,
        contract.UNKNOWN_CALLER,
        contract.TOO_LARGE,
        contract.NOT_JSON_TYPE,
        problem(
            422,
            "An override is wrong, or a run cannot begin.",
            "bad_recipe", "bad_dataset", "dataset_missing", "bad_wait", *_NO_START,
        ),
        contract.STORE_DOWN,
        query=contract.TrainQuery,
        body=contract.OVERRIDES,
        security=contract.GUARDED,
        tag="runs",
    )  # fmt: skip
    @guarded
    def start_with_overrides() -> Response:
        wait = read_query(contract.TrainQuery).wait == "true"
        return starter.start(read_overrides(contract.read_json_object()), wait=wait)


def _add_runs(routes: Blueprint, guarded: Guard, store: Store) -> None:
    @routes.get("/runs")
    @describe(
        "listRuns",
        "The newest runs, newest first",
        answer(200, "Runs", contract.Runs),
        problem(422, "limit is wrong, or the store refuses.", "bad_limit", "store_denied"),
        contract.STORE_DOWN,
        query=contract.RunsQuery,
        tag="runs",
    )
    def runs() -> dict[str, Any]:
        newest = list_runs(store, read_query(contract.RunsQuery).limit)
        return {"runs": [_show(run if run.finished else current_run(store, run.run_id)) for run in newest]}

    @routes.get("/runs/<run_id>")
    @describe(
        "readRun",
        "A run",
        answer(200, "The run", Run),
        _NO_RUN,
        _UNREADABLE_RUN,
        contract.STORE_DOWN,
        path=contract.RunPath,
        tag="runs",
    )
    def run(run_id: str) -> dict[str, Any]:
        return _show(current_run(store, _require_name(run_id)))

    @routes.delete("/runs/<run_id>")
    @describe(
        "cancelRun",
        "Cancel a run",
        answer(200, "The run, cancelled", Run),
        contract.UNKNOWN_CALLER,
        _NO_RUN,
        problem(409, "It has ended already.", "run_finished"),
        _UNREADABLE_RUN,
        contract.STORE_DOWN,
        path=contract.RunPath,
        security=contract.GUARDED,
        tag="runs",
    )
    @guarded
    def cancel(run_id: str) -> dict[str, Any]:
        return _show(cancel_run(store, _require_name(run_id)))


def _show(run: Run) -> dict[str, Any]:
    return run.model_dump(mode="json")


def _answer_accepted(run: Run) -> Response:
    url = url_for("runs.run", run_id=run.run_id)
    accepted = contract.Accepted(run_id=run.run_id, status=run.status, status_url=url)
    return Response(orjson.dumps(accepted.model_dump()), 202, {"Location": url}, mimetype="application/json")


def _await_end(store: Store, run: Run) -> Response:
    """Answer when the run has ended: 200 when it succeeded, else 500 with the run inside the problem."""
    while not run.finished:
        time.sleep(_POLL_SECONDS)
        run = current_run(store, run.run_id)
    if run.status == "succeeded":
        return Response(orjson.dumps(_show(run)), 200, mimetype="application/json")
    failed = make_problem(500, run.code or f"run_{run.status}", run.error or run.reason or f"the run was {run.status}")
    failed.set_data(orjson.dumps(orjson.loads(failed.get_data()) | {"run_id": run.run_id, "run": _show(run)}))
    return failed


def _require_dataset(store: Store, overrides: dict[str, Any]) -> None:
    key = overrides.get(DATASET)
    if key is not None and key not in store.list_keys(key):
        raise PermanentError(f"the store has no data set '{key}'", code="dataset_missing")


def _require_name(run_id: str) -> str:
    if not run_id.replace("-", "").isalnum() or len(run_id) > 64:
        raise PermanentError(f"there is no run '{run_id[:64]}'", code="run_missing")
    return run_id
