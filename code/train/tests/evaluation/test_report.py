"""``report.json``: what earlier releases stored is read, and what is stored now has the same keys."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from scored import make_report

from libs.values.report import Figure, parse_report
from sentiment.errors import ReleaseError

EARLIER = (Path(__file__).parent / "earlier_report.json").read_text(encoding="utf-8")  # written before there were types


def list_keys(value: Any) -> Any:
    """Return the keys of objects in their order, but for those that are names from the data."""
    if isinstance(value, dict):
        named_by_data = {"topics", "labels", "taken_for", "counts", "words", "metrics", "histories"}
        return [(key, None if key in named_by_data else list_keys(inner)) for key, inner in value.items()]
    return list_keys(value[-1]) if isinstance(value, list | tuple) and value else None


def test_a_report_of_an_earlier_release_is_read_and_written_again_as_it_was() -> None:
    report = parse_report(EARLIER)
    assert json.dumps(report.as_json(), ensure_ascii=False) == EARLIER.strip()
    assert report.histories["second"].validation_accuracy == (0.3562687635421753, 0.3562687635421753)
    assert report.metrics["accuracy"].value == 0.95918


def test_a_report_has_the_keys_that_its_readers_know() -> None:
    stored = make_report(3).as_json()
    assert list_keys(stored) == list_keys(json.loads(EARLIER))
    assert list(stored["histories"]["first"]) == [
        "loss", "watched_loss", "watched_accuracy", "watched_rows", "watched_intervals",
    ]  # fmt: skip
    assert list(stored["by_class"][0]) == ["class", "rows", "precision", "recall", "f1", "taken_for"]
    assert list(stored["data"][0]["words"]["POSITIVE"]) == ["frequent", "telling"]


def test_learning_curves_from_before_there_were_intervals_are_read() -> None:
    stored = json.loads(EARLIER)
    for history in stored["histories"].values():
        del history["watched_rows"], history["watched_intervals"]
    assert parse_report(json.dumps(stored)).histories["first"].validation_intervals == ()


def test_a_figure_of_nothing_is_read_from_nan_and_from_null() -> None:
    stored = json.loads(EARLIER)
    stored["metrics"]["roc_auc"] = {"value": None, "low": math.nan, "high": None}
    assert math.isnan(parse_report(json.dumps(stored)).metrics["roc_auc"].value)


@pytest.mark.parametrize(("change", "named"), [({"rows": {"training": 1}}, "rows.held_out"), ({"peer": 3}, "peer")])
def test_a_report_that_is_none_is_refused_by_the_name_of_the_first_wrong_value(change: Any, named: str) -> None:
    with pytest.raises(ReleaseError, match=named) as caught:
        parse_report(json.dumps(json.loads(EARLIER) | change))
    assert caught.value.code == "bad_report"
    with pytest.raises(ReleaseError, match="not JSON"):
        parse_report("{")


def test_a_report_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Figure(value=1, low=0, high=1).value = 2  # type: ignore[misc]
