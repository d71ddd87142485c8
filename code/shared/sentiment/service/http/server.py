"""Start gunicorn from the environment alone, the same for all three apps."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger


@dataclass(frozen=True)
class Server:
    """Where and how to listen. ``options`` are further gunicorn settings, hooks included."""

    host: str
    port: int
    workers: int = 1
    threads: int = 1
    worker_class: str = "gthread"
    graceful_timeout_seconds: int = 30
    options: dict[str, Any] = field(default_factory=dict)


def run_server(factory: str, server: Server) -> None:
    """Serve the WSGI app that ``factory`` (``"module:function"``) makes in each worker, until a signal ends it.

    The module is imported after the fork, never before: prometheus_client decides at its import whether workers
    share their counts, and TensorFlow or ONNX Runtime threads do not survive a fork.
    """
    if "prometheus_client" in sys.modules:
        msg = "prometheus_client was imported before the server chose its shared folder"
        raise RuntimeError(msg)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="sentiment-metrics-")
    try:
        _Gunicorn(factory, server).run()
    finally:
        shutil.rmtree(os.environ.pop("PROMETHEUS_MULTIPROC_DIR"), ignore_errors=True)


class _Logger(Logger):  # type: ignore[misc]
    """gunicorn's own lines join the app's JSON lines; requests are logged by the app, not a second time."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    def __init__(self, factory: str, server: Server) -> None:
        self._factory = factory
        self._server = server
        super().__init__()

    def load_config(self) -> None:
        server = self._server
        settings = {
            "bind": f"[{server.host}]:{server.port}" if ":" in server.host else f"{server.host}:{server.port}",
            "workers": server.workers,
            "threads": server.threads,
            "worker_class": server.worker_class,
            "graceful_timeout": server.graceful_timeout_seconds,
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: PTH112, S108 - a heartbeat on disk can stall a worker  # nosec B108
            "logger_class": _Logger,
            "child_exit": _forget_worker,
            "control_socket_disable": True,
            **server.options,
        }
        for name, value in settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        module, _, function = self._factory.partition(":")
        create: Callable[[], Any] = getattr(import_module(module), function)
        return create()


def _forget_worker(_server: Any, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
