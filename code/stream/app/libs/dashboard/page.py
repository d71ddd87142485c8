"""The live page at ``/``, on Plotly Dash: refreshed every few seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from dash import Dash, Input, Output
from flask import Flask, abort, request

from libs.dashboard.layout import make_layout
from libs.dashboard.view import OUTPUTS, View
from libs.results import Results
from libs.values.status import PipelineStatus

_CATCH_ALL: Final = "/<path:path>"
_TITLE: Final = "Sentiment live"


def make_page(folder: Path) -> Dash:
    """Return the page without its app; ``folder`` holds ``assets/``. Everything it loads comes from this server."""
    page = Dash(
        __name__,
        server=False,
        assets_folder=str(folder / "assets"),
        title=_TITLE,
        update_title="",
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
        enable_mcp=False,
        add_log_handler=False,
    )
    page.layout = make_layout()
    return page


def page_policy(page: Dash) -> str:
    """Return the content security policy: no script but this server's and Dash's own start-up line."""
    scripts = " ".join(page.csp_hashes())
    return (
        f"default-src 'self'; script-src 'self' {scripts}; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        "frame-ancestors 'self'"
    )


def mount_page(page: Dash, app: Flask, results: Results, read_status: Callable[[], PipelineStatus]) -> None:
    """Serve the page from ``app``. Dash would answer every unknown path with the page: those stay 404."""
    view = View(results, read_status)

    @page.callback(
        [Output(*output) for output in OUTPUTS],
        Input("tick", "n_intervals"),
        Input("topic", "value"),
        Input("minutes", "value"),
        Input("sentiment", "value"),
    )
    def refresh(_ticks: int, topic: str | None, minutes: int | None, sentiment: str | None) -> list[Any]:
        return view.refresh(topic or "", minutes, sentiment or "")

    @app.before_request
    def refuse_unknown_paths() -> None:
        if request.endpoint == _CATCH_ALL:
            abort(404)

    page.init_app(app)
