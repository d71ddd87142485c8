"""JSON log lines on stdout, each with the request's id where there is a request."""

from __future__ import annotations

import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from pythonjsonlogger.json import JsonFormatter

access_logger = logging.getLogger("sentiment.access")
request_id: ContextVar[str] = ContextVar("request_id", default="")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def take_request_id(offered: str | None) -> str:
    """Return the caller's id when it is a plain one, else a new one."""
    return offered if offered and _REQUEST_ID.fullmatch(offered) else uuid4().hex


def log_access(fields: dict[str, Any]) -> None:
    """Write one line about one request: plain values only, and never a text that somebody sent."""
    access_logger.info("request", extra={"access": fields})


def configure_logs(app: str, level: str = "INFO") -> None:
    """Send every log record of this process to stdout as one JSON object a line."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        _LineFormatter(
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


class _LineFormatter(JsonFormatter):
    """The library's lines, and access lines made directly: they come with every request and have no surprises."""

    def format(self, record: logging.LogRecord) -> str:
        access: dict[str, Any] | None = record.__dict__.get("access")
        if access is None:
            return super().format(record)
        line = {"level": record.levelname, "logger": record.name, "message": record.msg, **self.static_fields, **access}
        line |= {"request_id": request_id.get(), "time": datetime.fromtimestamp(record.created, UTC)}
        return orjson.dumps(line).decode()


def _add_request_id(record: logging.LogRecord) -> bool:
    fields: dict[str, Any] = record.__dict__
    if request_id.get():
        fields.setdefault("request_id", request_id.get())
    return True
