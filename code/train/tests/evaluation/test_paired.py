"""Two models on the same rows: the paired difference, McNemar's test, and the peer."""

from __future__ import annotations

from math import comb, erfc, sqrt

import numpy as np
import pytest
from corpora import make_corpus

from libs.evaluation import (
    ACCURACY,
    MACRO_RECALL,
    ScoredRows,
    choose_measure,
    compare,
    count_disagreements,
    mcnemar,
)
from libs.evaluation.peer import describe_peer


def test_the_paired_interval_is_narrower_than_two_separate_ones() -> None:
    rng = np.random.default_rng(1)
    theirs = rng.random(5000) < 0.8
    ours = theirs.copy()
    ours[:100] = True
    ahead = compare(count_disagreements(ours, theirs, np.zeros(5000, dtype=np.int8)), ACCURACY, rng)
    assert ahead.low > 0
    assert ahead.value == pytest.approx((ours.sum() - theirs.sum()) / 5000, abs=1e-5)


def test_in_macro_recall_a_rare_labels_rows_weigh_more() -> None:
    labels = np.repeat([0, 1, 2], [900, 50, 50]).astype(np.int8)
    ours, theirs = labels != 0, labels == 0
    rng = np.random.default_rng(1)
    counts = count_disagreements(ours, theirs, labels)
    assert compare(counts, ACCURACY, rng).value == pytest.approx(-0.8)
    assert compare(counts, MACRO_RECALL, rng).value == pytest.approx(1 / 3, abs=1e-5)
    assert (choose_measure(2), choose_measure(3)) == (ACCURACY, MACRO_RECALL)


def test_the_peer_learns_and_is_compared_on_the_same_rows() -> None:
    corpus = make_corpus(2500)
    rows = corpus.held_out_rows
    perfect = ScoredRows(corpus.labels[rows], np.eye(2, dtype=np.float32)[corpus.labels[rows]])
    training = corpus.training_rows
    found = describe_peer(
        [corpus.texts[r] for r in training], corpus.labels[training], [corpus.texts[r] for r in rows], perfect, 1
    )
    assert found.accuracy.value > 0.85
    assert found.ahead.value == pytest.approx(1 - found.accuracy.value, abs=1e-4)


def test_mcnemars_p_is_the_exact_binomial_tail_doubled() -> None:
    for ours, theirs in ((0, 0), (5, 5), (1, 9), (40, 60), (300, 400), (700, 800), (1000, 1200)):
        total = ours + theirs
        tail = sum(comb(total, k) for k in range(min(ours, theirs) + 1)) / 2**total
        assert mcnemar(ours, theirs) == pytest.approx(min(1.0, 2 * tail)), (ours, theirs)


def test_mcnemars_p_of_many_disagreements_is_near_its_normal_form_with_continuity() -> None:
    """Beyond 1,000 disagreements earlier releases were judged by this approximation."""
    for ours, theirs in ((700, 800), (5000, 5200), (20_000, 20_300)):
        approximation = erfc(max(abs(ours - theirs) - 1, 0) / sqrt(ours + theirs) / sqrt(2))
        assert mcnemar(ours, theirs) == pytest.approx(approximation, abs=1e-3)
