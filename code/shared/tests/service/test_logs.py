"""Logs: one JSON object a line, with the request's id."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from sentiment.service.logs import configure_logs, log_access, request_id, take_request_id


@pytest.fixture(autouse=True)
def restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_is_json_with_app_time_level_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("serve")
    token = request_id.set("abc")
    logging.getLogger("x").info("loaded\nand more", extra={"seconds": 1.5})
    request_id.reset(token)
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert found.pop("time")
    assert found == {
        "app": "serve",
        "level": "INFO",
        "logger": "x",
        "message": "loaded\nand more",
        "seconds": 1.5,
        "request_id": "abc",
    }


def test_an_access_line_looks_like_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("serve")
    token = request_id.set("abc")
    log_access({"path": "/predict", "status": 200, "latency_ms": 1.5})
    request_id.reset(token)
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert datetime.fromisoformat(found.pop("time")).utcoffset() == timedelta(0)
    assert found == {
        "app": "serve",
        "level": "INFO",
        "logger": "sentiment.access",
        "message": "request",
        "path": "/predict",
        "status": 200,
        "latency_ms": 1.5,
        "request_id": "abc",
    }


def test_access_lines_have_a_level_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("serve", "WARNING")
    log_access({"path": "/predict"})
    assert capsys.readouterr().out == ""


def test_a_trace_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("serve", "ERROR")
    try:
        msg = "boom"
        raise ValueError(msg)
    except ValueError:
        logging.getLogger("x").exception("failed")
    logging.getLogger("x").info("not shown")
    (line,) = capsys.readouterr().out.splitlines()
    assert "ValueError: boom" in json.loads(line)["exc_info"]


@pytest.mark.parametrize("offered", ["a", "A-b_c.9", "x" * 64])
def test_a_plain_request_id_is_taken(offered: str) -> None:
    assert take_request_id(offered) == offered


@pytest.mark.parametrize("offered", [None, "", "x" * 65, "a b", "a\nb", "ü", '"'])
def test_any_other_request_id_is_replaced(offered: str | None) -> None:
    made = take_request_id(offered)
    assert made != offered
    assert take_request_id(made) == made
