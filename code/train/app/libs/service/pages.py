"""What a person opens: the page of runs and releases, and each release's report with its pictures."""

from __future__ import annotations

import mimetypes
from typing import Final

from flask import Blueprint, Flask, Response, render_template

from libs.evaluation.report import REPORT_PAGE, insert_history
from libs.release import describe_history
from libs.service.contract import STORE_DOWN, ModelFilePath
from libs.service.settings import TrainSettings
from sentiment.errors import KeyMissingError, PermanentError
from sentiment.release.publishing import release_prefix
from sentiment.service.http.contract import answer, describe, problem, text
from sentiment.store import Store

_SHOWN: Final = frozenset({".html", ".png", ".json", ".jsonl", ".svg", ".css"})
# A release never changes, so a browser may keep what it has seen; what became of it does.
_KEPT: Final = "private, max-age=86400, immutable"


def register_pages(app: Flask, settings: TrainSettings, store: Store) -> None:
    """Add the page at ``/`` and the releases' files that a browser can show."""
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    @describe("showPage", "The page of runs and releases", text(200, "The page.", "text/html"))
    def index() -> str:
        return render_template("index.html", guarded=settings.train_token is not None)

    @pages.get("/models/<version>/<name>")
    @describe(
        "readModelFile",
        "A release's report, plots and other files a browser can show",
        answer(200, "The file"),
        problem(404, "There is no such file, or it is not shown.", "report_missing"),
        STORE_DOWN,
        path=ModelFilePath,
        tag="models",
    )
    def file(version: str, name: str) -> Response:
        data = _read_shown(store, version, name)
        if name == REPORT_PAGE:
            page = insert_history(data.decode(), *describe_history(store, version))
            return Response(page, 200, {"Cache-Control": "private, no-cache"}, mimetype="text/html")
        return Response(data, 200, {"Cache-Control": _KEPT}, mimetype=mimetypes.guess_type(name)[0] or "text/plain")

    app.register_blueprint(pages)


def _read_shown(store: Store, version: str, name: str) -> bytes:
    if not any(name.endswith(suffix) for suffix in _SHOWN):
        raise PermanentError(f"'{name[:80]}' is not shown here", code="report_missing")
    try:
        return store.read(release_prefix(version) + name).data
    except (KeyMissingError, PermanentError):
        raise PermanentError(f"release '{version[:64]}' has no '{name[:80]}'", code="report_missing") from None
