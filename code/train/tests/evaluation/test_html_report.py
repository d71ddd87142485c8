"""The reports for people: complete, escaped, openable from disk."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from scored import make_report

from libs.evaluation.report import insert_history, write_html_reports
from libs.values.outcome import Provenance
from libs.values.recipe import Recipe

PROVENANCE = Provenance("v1", Recipe(), ("en",), "unknown", {"clean": 0.1})


@pytest.fixture(params=[2, 3])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    report = make_report(request.param)
    (tmp_path / "report.json").write_text(json.dumps(report.as_json()))
    write_html_reports(report, PROVENANCE, datetime.now(UTC), tmp_path)
    return tmp_path


def test_what_came_from_the_data_set_is_escaped(folder: Path) -> None:
    for name in ("report.html", "data.html"):
        page = (folder / name).read_text()
        assert "<script>" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_both_open_from_disk_without_a_network_and_find_their_pictures_and_each_other(folder: Path) -> None:
    for name, count in (("report.html", 7), ("data.html", 2)):
        page = (folder / name).read_text()
        assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
        pictures = re.findall(r'<img src="([^"]+)" alt="[^"]+"', page)
        assert len(pictures) == count
        for picture in pictures:
            assert (folder / picture).read_bytes().startswith(b"\x89PNG")
        (other,) = re.findall(r'href="([a-z]+\.html)"', page)
        assert (folder / other).is_file()


def test_every_measure_is_shown_with_its_interval(folder: Path) -> None:
    page = unescape((folder / "report.html").read_text())
    report = json.loads((folder / "report.json").read_text())
    for figure in report["metrics"].values():
        assert f"{figure['low']:.3f} to {figure['high']:.3f}" in page
    for row in report["by_class"]:
        for name in ("precision", "recall", "f1"):
            assert f"({row[name]['low']:.3f}–{row[name]['high']:.3f})" in page
    for name in ("accuracy", "macro_recall", "macro_f1", "ece"):
        assert f"({report['slices'][0][name]['low']:.3f}–" in page


def test_what_became_of_a_release_comes_where_the_template_has_its_place(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "Live now" not in page
    shown = insert_history(page, "Live now", ["promoted: <b>better</b>"])
    assert "<h2>Live now</h2><ul><li>promoted: &lt;b&gt;better" in shown
    assert len(shown) > len(page)
