"""Ports and pages: free ports when the usual ones are taken, and JSON asked of the apps over loopback."""

from __future__ import annotations

import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from typing import Any, Final

from develop.demo.children import Children
from develop.demo.signals import StopWish

HOST: Final = "127.0.0.1"
_ANSWER_SECONDS: Final = 5.0
_START_SECONDS: Final = 120.0
# Loopback is never behind a proxy, whatever the environment says of the rest of the world.
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NotReadyError(Exception):
    """An app did not become ready in time; the sentence carries its own reasons."""


def choose_port(usual: int) -> int:
    """Return ``usual`` when nobody listens there, else a free port."""
    return usual if _is_free(usual) else _find_free_port()


def ask(url: str) -> dict[str, Any] | None:
    """Return the JSON object at ``url`` whatever its status, or None when nobody answers there with one."""
    try:
        with _DIRECT.open(url, timeout=_ANSWER_SECONDS) as answer:
            body = answer.read()
    except urllib.error.HTTPError as error:
        body = error.read()
    except (OSError, http.client.HTTPException):
        return None
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def wait_until_ready(page: str, children: Children, stop: StopWish) -> None:
    """Return when ``/ready`` of the app at ``page`` says so; ``NotReadyError`` after two minutes."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        children.watch()
        answer = ask(f"{page}/ready")
        if answer and answer.get("ready") is True:
            return
        if time.monotonic() > deadline:
            reasons = "; ".join(map(str, answer.get("reasons", []))) if answer else "nobody answers"
            raise NotReadyError(f"{page} is not ready after {_START_SECONDS:.0f} s: {reasons}")
        stop.sleep(0.2)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free for a server
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
