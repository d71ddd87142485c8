"""JSON log lines on stdout, each with the request's id where there is a request."""

from __future__ import annotations

import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from random import getrandbits
from typing import Any, TextIO

import orjson
from pythonjsonlogger.json import JsonFormatter

access_logger = logging.getLogger("sentiment.access")
"""Its level says whether access lines are written."""
request_id: ContextVar[str] = ContextVar("request_id", default="")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def take_request_id(offered: str | None) -> str:
    """Return the caller's id when it is a plain one, else a new one."""
    return offered if offered and _REQUEST_ID.fullmatch(offered) else f"{getrandbits(128):032x}"  # nosec B311 - a name, no secret


def log_access(fields: dict[str, Any]) -> None:
    """Write one line about one request: plain values only, and never a text that somebody sent.

    Past ``logging``'s records, which cost more than all else that is done about a request besides predicting.
    """
    if access_logger.isEnabledFor(logging.INFO):
        for handler in logging.root.handlers:
            if isinstance(handler, _LineHandler):
                handler.write_access(fields)


def configure_logs(app: str, level: str = "INFO") -> None:
    """Send every log record of this process to stdout as one JSON object a line."""
    handler = _LineHandler(sys.stdout, app)
    handler.setFormatter(
        JsonFormatter(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"app": app},
            timestamp="time",
        )
    )
    handler.addFilter(_add_request_id)
    # What no line shows is not looked up for each line (the logging HOWTO's "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it announces its plug-ins at every start


class _LineHandler(logging.StreamHandler[TextIO]):
    """Writes records of ``logging``, and lines about requests directly: those are frequent and have plain fields."""

    def __init__(self, stream: TextIO, app: str) -> None:
        super().__init__(stream)
        self._start = {"level": "INFO", "logger": access_logger.name, "message": "request", "app": app}

    def write_access(self, fields: dict[str, Any]) -> None:
        line = {**self._start, **fields, "request_id": request_id.get(), "time": datetime.now(UTC)}
        text = orjson.dumps(line).decode() + self.terminator
        self.acquire()
        try:
            self.stream.write(text)
            self.stream.flush()
        finally:
            self.release()


def _add_request_id(record: logging.LogRecord) -> bool:
    fields: dict[str, Any] = record.__dict__
    if request_id.get():
        fields.setdefault("request_id", request_id.get())
    return True
