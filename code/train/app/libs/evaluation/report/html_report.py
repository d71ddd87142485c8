"""The report as HTML: files beside their pictures that open from train's page and from disk alike."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import escape

from libs.evaluation.report.plots import draw_data, draw_plots
from libs.values.outcome import Provenance
from libs.values.report import Report

REPORT_PAGE, DATA_PAGE = "report.html", "data.html"
# A release never changes, but whether it is live does: train's page puts that here when it shows the report.
_HISTORY: Final = "<!-- verdict -->"  # in the template, and in the reports of earlier releases


def write_html_reports(report: Report, provenance: Provenance, created_at: datetime, folder: Path) -> None:
    """Draw the pictures and write ``report.html`` and ``data.html``; what came from the data set is escaped."""
    facts = {
        "report": report,
        "version": provenance.version,
        "created_at": f"{created_at:%Y-%m-%d %H:%M} UTC",
        "parameters": provenance.recipe.model_dump(),
        "durations": provenance.stage_seconds,
    }
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    for name, pictures in ((REPORT_PAGE, draw_plots(report, folder)), (DATA_PAGE, draw_data(report, folder))):
        page = environment.get_template(f"{name}.jinja").render(facts, pictures=pictures)
        (folder / name).write_text(page, encoding="utf-8")


def insert_history(page: str, title: str, lines: list[str]) -> str:
    """Return a report's page with the release's history of promotions at its place."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return page.replace(_HISTORY, f'<section class="verdict"><h2>{escape(title)}</h2><ul>{items}</ul></section>', 1)
