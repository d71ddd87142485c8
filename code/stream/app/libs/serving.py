"""Start the web server around a role, so that the environment alone configures it, and end both together."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from libs.settings import read_stream_settings
from sentiment.logs import configure_logs
from sentiment.web.server import Server, run_server

if TYPE_CHECKING:
    from libs.settings import Role

_THREADS = 8  # the page polls, and each question may wait for the database


def serve_role(role: Role, factory: str) -> None:
    """Serve until a signal ends it. ``ConfigurationError`` before anything starts when a setting is wrong."""
    settings = read_stream_settings(role)
    configure_logs("stream", settings.log_level)
    server = Server(
        settings.host,
        settings.port,
        threads=_THREADS,
        graceful_timeout_seconds=1,
        options={"worker_exit": _stop_pipeline, "timeout": 120},
    )
    run_server(factory, server)


def _stop_pipeline(_server: Any, worker: Any) -> None:
    pipeline = getattr(worker.wsgi, "extensions", {}).get("pipeline") if worker.wsgi else None
    if pipeline:
        pipeline.stop()
    logging.shutdown()
    # All that matters is on disk. Taking the interpreter and its charts apart would last longer than a stop may.
    os._exit(0)
