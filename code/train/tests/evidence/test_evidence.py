"""Slices, sentences that must hold, the peer, thresholds and the data report."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from corpora import make_corpus
from fixtures.tiny_release import WEIGHTS, build_tiny_release
from test_measures import make_judged

from libs.evidence.data_report import describe_data
from libs.evidence.must_hold import judge_cases, list_cases
from libs.evidence.peer import compare_paired, describe_peer
from libs.evidence.slices import describe_slices
from libs.evidence.thresholds import fit_thresholds
from sentiment.classifier import Classifier
from sentiment.labels import Prediction, band_label
from sentiment.release import Release


def test_every_slice_has_its_rows_and_small_ones_are_left_out() -> None:
    judged = make_judged(300, 2)
    texts = [f"@user is {'not ' if row % 2 else ''}fine {row}" for row in range(300)]
    found = {one["slice"]: one for one in describe_slices(judged, texts, ["A"] * 290 + ["B"] * 10, 1)}
    assert found["with negation"]["rows"] == found["without negation"]["rows"] == 150
    assert found["with mention"]["rows"] == 300
    assert "without mention" not in found
    assert found["topic A"]["rows"] == 290
    assert "topic B" not in found


def test_a_word_list_fails_negation_by_its_nature_and_keeps_polarity(tmp_path: Path) -> None:
    classifier = Classifier(Release(build_tiny_release(tmp_path / "v1", "v1"), tmp_path / "v1"))
    found = {row["kind"]: row for row in judge_cases(classifier, WEIGHTS)}
    assert found["polarity"]["holds"] is True
    assert found["brand"]["holds"] is True
    assert found["negation"]["cases"] >= 3
    nothing = {row["kind"]: row for row in judge_cases(classifier, [])}
    assert nothing["polarity"]["holds"] is None, "unknown words are no fair question"


def test_a_network_that_ignores_its_words_holds_nothing(tmp_path: Path) -> None:
    classifier = Classifier(Release(build_tiny_release(tmp_path / "v1", "v1"), tmp_path / "v1"))
    everything = {word for case in list_cases() for word in case.words}
    silent = [
        row
        for row in judge_cases(_Constant(classifier), everything)
        if row["kind"] in ("polarity", "negation", "intensity")
    ]
    assert all(row["holds"] is False and row["held"] == 0 and row["broken"] for row in silent)


class _Constant(Classifier):
    def __init__(self, other: Classifier) -> None:
        self.__dict__.update(other.__dict__)

    def predict(self, texts):  # type: ignore[no-untyped-def]
        return [Prediction("NEUTRAL", 0.5) for _ in texts]


def test_the_paired_interval_is_narrower_than_two_separate_ones() -> None:
    rng = np.random.default_rng(1)
    theirs = rng.random(5000) < 0.8
    ours = theirs.copy()
    ours[:100] = True
    ahead = compare_paired(ours, theirs, rng)
    assert ahead["low"] > 0
    assert ahead["value"] == pytest.approx((ours.sum() - theirs.sum()) / 5000, abs=1e-5)


def test_the_peer_learns_and_is_compared_on_the_same_rows() -> None:
    corpus = make_corpus(2500)
    rows = corpus.held_out_rows
    perfect = make_judged(len(rows), 2)
    perfect = type(perfect)(corpus.labels[rows], np.eye(2, dtype=np.float32)[corpus.labels[rows]])
    learnt = corpus.training_rows
    found = describe_peer(
        [corpus.texts[r] for r in learnt], corpus.labels[learnt], [corpus.texts[r] for r in rows], perfect, 1
    )
    assert found["accuracy"]["value"] > 0.85
    assert found["ahead"]["value"] == pytest.approx(1 - found["accuracy"]["value"], abs=1e-4)


def test_thresholds_are_fitted_where_neutrals_lie_and_need_some() -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2], 500).astype(np.int8)
    scores = np.clip(
        np.concatenate([rng.normal(0.2, 0.05, 500), rng.normal(0.6, 0.05, 500), rng.normal(0.9, 0.05, 500)]), 0, 1
    )
    fitted = fit_thresholds(scores, labels)
    assert fitted is not None
    assert 0.25 < fitted.negative_to < 0.5
    assert 0.7 < fitted.positive_from < 0.85
    assert (
        np.mean(
            [
                band_label(s, fitted) == ("NEGATIVE", "NEUTRAL", "POSITIVE")[v]
                for s, v in zip(scores, labels, strict=True)
            ]
        )
        > 0.98
    )
    assert fit_thresholds(scores[labels != 1], labels[labels != 1]) is None


def test_the_data_report_finds_what_tells_the_labels_apart() -> None:
    report = describe_data(make_corpus(2500))
    assert {"love", "great", "amazing"} & set(report["words"]["POSITIVE"][:8])
    assert {"hate", "awful", "terrible"} & set(report["words"]["NEGATIVE"][:8])
    assert report["rows"]["kept"] == sum(report["labels"].values())
    assert set(report["topics"]) == {"phone", "flight", "coffee"}
    json.dumps(report)


def test_the_report_escapes_what_came_from_the_data_set(tmp_path: Path) -> None:
    from libs.evidence.html_report import write_html_report
    from libs.evidence.plots import draw_plots

    judged = make_judged(500, 3)
    from libs.evidence.curves import describe_curves
    from libs.evidence.measures import count_confusion, measure

    data = describe_data(make_corpus(900, 3)) | {"name": "<script>alert(1)</script>", "topics": {"<b>": 3}}
    figure = {"value": 0.5, "low": 0.4, "high": 0.6}
    report = {
        "classes": ["NEGATIVE", "NEUTRAL", "POSITIVE"], "rows": {"training": 1, "held_out": 500}, "metrics": measure(judged, 1),
        "confusion": count_confusion(judged).tolist(), "curves": describe_curves(judged), "warnings": ["few rows"],
        "slices": describe_slices(judged, ["x"] * 500, None, 1), "data": [data], "must_hold": [],
        "histories": {"first": {"loss": [1, 0.5], "watched_loss": [1, 0.6], "watched_accuracy": [0.5, 0.7]}},
        "peer": {"name": "peer", "rows": 1, "accuracy": figure, "macro_recall": figure, "ahead": figure},
    }  # fmt: skip
    pictures = draw_plots(report, tmp_path)
    manifest = build_tiny_release(tmp_path / "v1", "v1")
    write_html_report(report, manifest, pictures, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    for name in re.findall(r'<img src="([^"]+)"', page):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    assert len(pictures) == 5
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page), "it opens from disk, without a network"
