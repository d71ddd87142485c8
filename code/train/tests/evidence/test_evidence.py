"""Slices, sentences that must hold, the peer, thresholds and the data report."""

from __future__ import annotations

import json

import numpy as np
import pytest
from corpora import make_corpus
from test_measures import make_judged

from libs.evaluation.paired import ACCURACY, MACRO_RECALL, choose_measure, compare, count_disagreements
from libs.evaluation.peer import describe_peer
from libs.evaluation.report.data_report import describe_data
from libs.evaluation.slices import describe_slices
from libs.network.thresholds import fit_thresholds
from sentiment.model.labels import band_label


def test_every_slice_has_its_rows_and_small_ones_are_left_out() -> None:
    judged = make_judged(300, 2)
    texts = [f"@user is {'not ' if row % 2 else ''}fine {row}" for row in range(300)]
    found = {one["slice"]: one for one in describe_slices(judged, texts, ["A"] * 290 + ["B"] * 10, 1)}
    assert found["with negation"]["rows"] == found["without negation"]["rows"] == 150
    assert found["with mention"]["rows"] == 300
    assert "without mention" not in found
    assert found["topic A"]["rows"] == 290
    for figure in ("accuracy", "macro_recall", "macro_f1", "ece"):
        assert found["topic A"][figure]["low"] <= found["topic A"][figure]["value"] <= found["topic A"][figure]["high"]
    assert "topic B" not in found


def test_the_paired_interval_is_narrower_than_two_separate_ones() -> None:
    rng = np.random.default_rng(1)
    theirs = rng.random(5000) < 0.8
    ours = theirs.copy()
    ours[:100] = True
    ahead = compare(count_disagreements(ours, theirs, np.zeros(5000, dtype=np.int8)), ACCURACY, rng)
    assert ahead["low"] > 0
    assert ahead["value"] == pytest.approx((ours.sum() - theirs.sum()) / 5000, abs=1e-5)


def test_in_macro_recall_a_rare_labels_rows_weigh_more() -> None:
    labels = np.repeat([0, 1, 2], [900, 50, 50]).astype(np.int8)
    ours, theirs = labels != 0, labels == 0
    rng = np.random.default_rng(1)
    counts = count_disagreements(ours, theirs, labels)
    assert compare(counts, ACCURACY, rng)["value"] == pytest.approx(-0.8)
    assert compare(counts, MACRO_RECALL, rng)["value"] == pytest.approx(1 / 3, abs=1e-5)
    assert (choose_measure(2), choose_measure(3)) == (ACCURACY, MACRO_RECALL)


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
    corpus = make_corpus(2500)
    report = describe_data(corpus)
    assert {"love", "great", "amazing"} & set(report["words"]["POSITIVE"]["telling"][:8])
    assert {"hate", "awful", "terrible"} & set(report["words"]["NEGATIVE"]["telling"][:8])
    shares = dict(report["words"]["POSITIVE"]["frequent"])
    assert shares["the"] == 1, "every text holds it"
    assert 0.05 < shares["great"] < 0.25
    assert report["rows"]["kept"] == sum(report["labels"].values())
    for place, (label, counts) in enumerate(report["lengths"]["counts"].items()):
        assert sum(counts) == (corpus.labels == place).sum(), f"a text of {label} is missing"
    assert set(report["topics"]) == {"phone", "flight", "coffee"}
    json.dumps(report)
