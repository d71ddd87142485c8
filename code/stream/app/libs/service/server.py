"""Start the web server around a role, so that the environment alone configures it, and end both together."""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flask import Flask

from libs.service.settings import Role, RoleSettings, read_stream_settings
from sentiment.service.http.server import Server, run_server
from sentiment.service.logs import configure_logs

if TYPE_CHECKING:
    from libs.service.pipeline import Pipeline  # only after the fork: brings prometheus_client

_WEB: Final = Path(__file__).parents[2] / "web"
_THREADS = 8  # the page polls, and each question may wait for the database
_M_ARENA_MAX: Final = -8  # malloc.h of glibc


def serve_role(role: Role) -> None:
    """Serve a role's page and API (``main.create_<role>``) until a signal ends it.

    ``ConfigurationError`` before anything starts when a setting is wrong.
    """
    settings = read_stream_settings(role)
    _share_one_arena()
    configure_logs("stream", settings.log_level)
    server = Server(
        settings.host,
        settings.port,
        threads=_THREADS,
        graceful_timeout_seconds=1,
        options={"worker_exit": _stop_pipeline, "timeout": 120},
    )
    run_server(f"main:create_{role}", server)


def start_role(role: Role, connect: Callable[[RoleSettings], Pipeline]) -> Flask:
    """Start a role's loops and return the web app that shows them; called in the server's worker."""
    from libs.service.application import create_stream_app

    settings = read_stream_settings(role)
    pipeline = connect(settings)
    pipeline.start()
    return create_stream_app(settings, pipeline, _WEB)


def _share_one_arena() -> None:
    """Let all threads take memory from one pool, where the C library is glibc (``mallopt(3)``).

    By default each thread of a worker gets an arena of its own, keeps in it the most that any of its questions ever took, and
    memory grows by 10 MB a million posts for as long as somebody looks at the page.
    """
    with suppress(AttributeError, OSError):  # another C library, another allocator
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _stop_pipeline(_server: Any, worker: Any) -> None:
    pipeline = getattr(worker.wsgi, "extensions", {}).get("pipeline") if worker.wsgi else None
    if pipeline:
        pipeline.stop()
    logging.shutdown()
    # All that matters is on disk. Taking the interpreter and its charts apart would last longer than a stop may.
    os._exit(0)
