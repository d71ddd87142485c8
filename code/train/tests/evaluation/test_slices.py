"""Slices and the data report: the held-out rows by kind, the data set by label."""

from __future__ import annotations

import json

from corpora import make_corpus
from scored import make_scored_rows

from libs.evaluation.report import describe_data
from libs.evaluation.slices import describe_slices


def test_every_slice_has_its_rows_and_small_ones_are_left_out() -> None:
    rows = make_scored_rows(300, 2)
    texts = [f"@user is {'not ' if row % 2 else ''}fine {row}" for row in range(300)]
    found = {one.slice: one for one in describe_slices(rows, texts, ["A"] * 290 + ["B"] * 10, 1)}
    assert found["with negation"].rows == found["without negation"].rows == 150
    assert found["with mention"].rows == 300
    assert "without mention" not in found
    assert found["topic A"].rows == 290
    for figure in ("accuracy", "macro_recall", "macro_f1", "ece"):
        measured = getattr(found["topic A"], figure)
        assert measured.low <= measured.value <= measured.high
    assert "topic B" not in found


def test_the_data_report_finds_what_tells_the_labels_apart() -> None:
    corpus = make_corpus(2500)
    report = describe_data(corpus)
    assert {"love", "great", "amazing"} & set(report.words["POSITIVE"].characteristic[:8])
    assert {"hate", "awful", "terrible"} & set(report.words["NEGATIVE"].characteristic[:8])
    shares = dict(report.words["POSITIVE"].frequent)
    assert shares["the"] == 1, "every text holds it"
    assert 0.05 < shares["great"] < 0.25
    assert report.rows.kept == sum(report.labels.values())
    for place, (label, counts) in enumerate(report.lengths.counts.items()):
        assert sum(counts) == (corpus.labels == place).sum(), f"a text of {label} is missing"
    assert set(report.topics) == {"phone", "flight", "coffee"}
    json.dumps(report.model_dump())
