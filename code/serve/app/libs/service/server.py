"""How gunicorn runs serve; the choices are measured in code/develop/bench/serve.md."""

from __future__ import annotations

from typing import Final

from libs.service.settings import ServeSettings
from sentiment.service.http.server import Server, run_server
from sentiment.service.logs import configure_logs

SPARE_THREADS: Final = 8
"""Beyond those that predict or wait: probes, the page and refusals are answered while all others are busy."""


def serve(settings: ServeSettings) -> None:
    """Listen until a signal ends it; SIGTERM lets requests in flight end first."""
    configure_logs("serve", settings.log_level)
    run_server(
        "main:create_app",
        Server(
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            threads=settings.slots + settings.waiting + SPARE_THREADS,
            worker_class="libs.service.worker.ServeWorker",
            graceful_timeout_seconds=settings.drain_seconds,
            options={"keepalive": 75},  # longer than the 60 s after which load balancers let idle connections go
        ),
    )
