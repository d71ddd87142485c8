"""The report for people: one HTML file beside its pictures, that opens from the run's page and from disk alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from sentiment.release import Manifest


def write_html_report(report: dict[str, Any], manifest: Manifest, pictures: list[str], path: Path) -> None:
    """Write ``report.html``; whatever came from the data set (names, words, topics) is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("report.html.jinja").render(
        report=report,
        version=manifest.version,
        created_at=f"{manifest.created_at:%Y-%m-%d %H:%M} UTC",
        pictures=pictures,
        parameters=manifest.parameters,
        durations=manifest.durations_seconds,
    )
    path.write_text(page, encoding="utf-8")
