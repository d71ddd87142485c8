"""The reports for people: complete, escaped, openable from disk."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from corpora import make_corpus
from develop.fixtures.tiny_release import build_tiny_release
from test_measures import make_judged

from libs.evaluation.classes import describe_classes
from libs.evaluation.curves import describe_curves
from libs.evaluation.measures import count_confusion, measure
from libs.evaluation.report.data_report import describe_data
from libs.evaluation.report.html_report import show_verdict, write_html_reports
from libs.evaluation.slices import describe_slices
from sentiment.model.labels import THREE_CLASSES, TWO_CLASSES

FIGURE = {"value": 0.5, "low": 0.4, "high": 0.6}
NASTY = "<script>alert(1)</script> $x_1$"


def make_report(classes: int) -> dict[str, Any]:
    judged = make_judged(500, classes)
    names = THREE_CLASSES if classes == 3 else TWO_CLASSES
    data = describe_data(make_corpus(900, classes)) | {"name": NASTY, "topics": {"<b>": 3}}
    broken = [{"higher": NASTY, "lower": "b", "within": None}]
    held = {"kind": "negation", "asks": "“not” lowers", "cases": 9, "held": 1, "holds": False, "broken": broken}
    return {
        "classes": list(names), "rows": {"training": 1, "held_out": 500}, "metrics": measure(judged, 1),
        "confusion": count_confusion(judged).tolist(), "by_class": describe_classes(judged, names, 1),
        "curves": describe_curves(judged, 1), "warnings": ["few rows"], "must_hold": [held], "data": [data, data],
        "slices": describe_slices(judged, ["x"] * 500, [NASTY] * 500, 1),
        "histories": {"first": {"loss": [1, 0.5], "watched_loss": [1, 0.6], "watched_accuracy": [0.5, 0.7], "watched_rows": 400,
                                "watched_intervals": [[0.45, 0.55], [0.65, 0.75]]}},
        "peer": {"name": "peer", "rows": 1, "measure": "accuracy", "accuracy": FIGURE, "macro_recall": FIGURE, "ahead": FIGURE},
    }  # fmt: skip


@pytest.fixture(params=[2, 3])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    report = make_report(request.param)
    (tmp_path / "report.json").write_text(json.dumps(report))
    write_html_reports(report, build_tiny_release(tmp_path / "v1", "v1"), tmp_path)
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
    shown = show_verdict(page, "Live now", ["promoted: <b>better</b>"])
    assert "<h2>Live now</h2><ul><li>promoted: &lt;b&gt;better" in shown
    assert len(shown) > len(page)
