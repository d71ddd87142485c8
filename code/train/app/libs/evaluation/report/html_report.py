"""The reports for people: HTML files beside their pictures, that open from the run's page and from disk alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import escape

from libs.evaluation.report.plots import draw_data, draw_plots
from sentiment.release.manifest import Manifest

REPORT_PAGE, DATA_PAGE = "report.html", "data.html"
# A release never changes, and what became of it does: train's page puts that here when it shows the report.
_VERDICT: Final = "<!-- verdict -->"  # in the template


def write_html_reports(report: dict[str, Any], manifest: Manifest, folder: Path) -> None:
    """Draw the pictures and write ``report.html`` and ``data.html``; what came from the data set is escaped."""
    facts = {
        "report": report,
        "version": manifest.version,
        "created_at": f"{manifest.created_at:%Y-%m-%d %H:%M} UTC",
        "parameters": manifest.parameters,
        "durations": manifest.durations_seconds,
    }
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    for name, pictures in ((REPORT_PAGE, draw_plots(report, folder)), (DATA_PAGE, draw_data(report, folder))):
        page = environment.get_template(f"{name}.jinja").render(facts, pictures=pictures)
        (folder / name).write_text(page, encoding="utf-8")


def show_verdict(page: str, title: str, lines: list[str]) -> str:
    """Return a report's page with what became of the release at its place."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return page.replace(_VERDICT, f'<section class="verdict"><h2>{escape(title)}</h2><ul>{items}</ul></section>', 1)
