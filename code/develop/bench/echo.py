"""serve's own app with one more route that only echoes JSON: what HTTP and JSON alone cost in the same process."""

from __future__ import annotations

import orjson
from flask import Flask, Response, request
from flask.typing import ResponseReturnValue


def create_app() -> Flask:
    """Return serve with ``POST /echo`` beside ``POST /predict``, behind the same hooks, log and metrics."""
    from libs.service.application import start_app
    from main import load_release

    return _add_echo(start_app(load_release))


def create_bare_app() -> Flask:
    """Return a Flask app that has nothing but ``POST /echo``: no hooks, no log, no metrics."""
    return _add_echo(Flask("bare"))


def _add_echo(app: Flask) -> Flask:
    @app.post("/echo")
    def echo() -> ResponseReturnValue:
        return Response(orjson.dumps(orjson.loads(request.get_data())), mimetype="application/json")

    return app
