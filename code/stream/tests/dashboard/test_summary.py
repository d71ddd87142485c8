"""The numbers of a period, and how they become JSON."""

from __future__ import annotations

import json
from pathlib import Path

from makers import batch_of, make_result

from libs.dashboard.summary import as_json, summarize
from libs.dashboard.totals import compare, make_totals
from libs.results import open_results
from libs.values.result import Skipped


def test_a_summary_becomes_json_with_its_fields_in_the_documented_order(tmp_path: Path) -> None:
    results = open_results(f"sqlite:///{tmp_path}/results.db")
    results.prepare()
    early, late = "2026-03-01T11:10:00.000Z", "2026-03-01T12:00:00.000Z"
    results.store(
        batch_of(
            make_result("1", topics=("acme",), data=early, score=0.9),
            make_result("2", topics=("acme",), data=late, sentiment="NEGATIVE", score=0.1, lang=""),
            make_result("3", topics=("acme",), data=late, score=0.7),
            skipped=[Skipped("4", "fr", late)],
        )
    )
    found = as_json(summarize(results, "", 45, 900))
    results.close()
    share = {"count": 1, "share": 0.5}
    totals = {
        "posts": 2, "mean_score": 0.4,
        "labels": {"NEGATIVE": share, "NEUTRAL": {"count": 0, "share": 0.0}, "POSITIVE": share},
    }  # fmt: skip
    none = {"count": 0, "share": 0.0}
    change = {"posts": 1.0, "mean_score": -0.5, "labels": {"NEGATIVE": 0.5, "NEUTRAL": 0.0, "POSITIVE": -0.5}}
    expected = {
        "topic": None,
        "since": "2026-03-01T11:15:00.001Z",
        "until": "2026-03-01T12:00:00.001Z",
        "bucket_seconds": 900,
        **totals,
        "previous": {
            "posts": 1, "mean_score": 0.9,
            "labels": {"NEGATIVE": none, "NEUTRAL": none, "POSITIVE": {"count": 1, "share": 1.0}},
        },
        "change": change,
        "buckets": [
            {"start": "2026-03-01T12:00:00.000Z", "NEGATIVE": 1, "NEUTRAL": 0, "POSITIVE": 1, "mean_score": 0.4}
        ],
        "topics": [{"topic": "acme", **totals, "change": change}],
        "languages": [
            {"lang": None, "scored": 1, "skipped": 0},
            {"lang": "en", "scored": 1, "skipped": 0},
            {"lang": "fr", "scored": 0, "skipped": 1},
        ],
    }  # fmt: skip
    assert json.dumps(found) == json.dumps(expected)


def test_without_posts_in_one_of_the_periods_there_is_no_change() -> None:
    some, none = make_totals({"POSITIVE": 2}, 1.8), make_totals({}, 0.0)
    assert none.mean_score is None
    assert compare(some, none) == compare(none, some)
    assert compare(some, none).posts is None
    assert set(compare(some, none).labels.values()) == {None}
