"""train over HTTP: gunicorn in front, training processes beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from flask import Flask

from libs.runs.control import settle_runs
from libs.service.settings import TrainSettings
from sentiment.errors import TransientError
from sentiment.service.http.server import Server, run_server
from sentiment.service.logs import configure_logs
from sentiment.service.settings import read_settings
from sentiment.store import open_store

WEB_FOLDER: Final = Path(__file__).resolve().parents[2] / "web"
SERVICE_PID: Final = "TRAIN_SERVICE_PID"  # set for the workers: whom a training process must not outlive
STATUSES: Final = {
    "run_missing": 404, "none_live": 404, "bad_version": 404, "report_missing": 404, "dataset_missing": 422, "bad_time": 422,
    "not_json_type": 415, "run_finished": 409, "no_previous": 409, "not_json": 400, "bad_recipe": 422, "bad_dataset": 422,
}  # fmt: skip
_THREADS: Final = 16  # each ?wait=true holds one


def serve(settings: TrainSettings) -> None:
    """Settle what an earlier service left behind, then listen until a signal ends it."""
    configure_logs("train", settings.log_level)
    _settle(settings)
    os.environ[SERVICE_PID] = str(os.getpid())
    server = Server(settings.host, settings.port, workers=settings.workers, threads=_THREADS)
    run_server("libs.service.server:create_app", server)


def create_app() -> Flask:
    """Return the web app; each gunicorn worker makes its own."""
    from libs.runs.lease import Process
    from libs.service.contract import TrainReady
    from libs.service.metrics import RunsCollector
    from libs.service.pages import register_pages
    from libs.service.release_routes import make_readiness
    from libs.service.routes import register_routes
    from sentiment.service.http.app import create_web_app

    settings = read_settings(TrainSettings)
    configure_logs("train", settings.log_level)
    store = open_store(settings.store_url)
    app = create_web_app(
        "train",
        settings,
        folder=WEB_FOLDER,
        readiness=make_readiness(store),
        ready_model=TrainReady,
        statuses=STATUSES,
        body_limit_bytes=2**20,
        collector=RunsCollector(store),
    )
    register_routes(app, settings, store, Process.of(int(os.environ.get(SERVICE_PID, os.getpid()))))
    register_pages(app, settings, store)
    return app


def _settle(settings: TrainSettings) -> None:
    try:
        settle_runs(open_store(settings.store_url))
    except TransientError as error:
        # A store that is down must not keep the service down: reading a run settles it just as well, later.
        import logging

        logging.getLogger(__name__).warning("unfinished runs not settled", extra={"error": error.detail})
