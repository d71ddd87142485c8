"""Rows become a corpus: cleaned, once each, the held-out tenth by their text alone."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from corpora import make_rows as make_labelled_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.corpus import clean_corpora, clean_rows
from libs.dataset import Readings, Rows
from libs.values.recipe import Recipe
from sentiment.errors import PermanentError
from sentiment.text.cleaning import clean

pytestmark = pytest.mark.smoke


def make_rows(texts: list[str], labels: list[int], topics: list[str] | None = None) -> Rows:
    return Rows("test", "0" * 64, texts, np.array(labels, dtype=np.int8), topics, len(texts), 0, "")


def many(count: int = 400) -> list[str]:
    return [f"post number {index}" for index in range(count)]


def alternate(texts: list[str]) -> list[int]:
    return [index % 2 * 2 for index in range(len(texts))]


def test_held_out_rows_are_those_whose_cleaned_texts_sha256_is_0_modulo_10() -> None:
    corpus = clean_rows(make_rows(many(), alternate(many())))
    expected = [int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10 == 0 for text in corpus.texts]
    assert corpus.held_out.tolist() == expected
    assert 0.05 < np.mean(expected) < 0.15


def test_what_differs_only_in_links_and_emojis_is_one_row() -> None:
    texts = [*many(), "post number 0 https://example.org/a", "post number 0 🙂"]
    corpus = clean_rows(make_rows(texts, [*alternate(many()), 0, 0]))
    assert (len(corpus.texts), corpus.counts.duplicates, corpus.counts.conflicting) == (400, 2, 0)


def test_the_majority_settles_a_text_with_several_labels_and_a_tie_leaves_it_out() -> None:
    texts = [*many(), "majority", "majority", "majority", "tie", "tie"]
    corpus = clean_rows(make_rows(texts, [*alternate(many()), 2, 2, 0, 0, 2]))
    assert corpus.labels[corpus.texts.index(clean("majority"))] == 1
    assert clean("tie") not in corpus.texts
    assert (corpus.counts.duplicates, corpus.counts.conflicting) == (3, 1)


def test_excluded_texts_are_in_neither_half_whatever_their_links_and_labels() -> None:
    texts = many()
    excluded = [f"{text} https://example.org" for text in texts[:100]]
    corpus = clean_rows(make_rows(texts, alternate(texts)), excluded)
    assert not set(corpus.texts) & set(texts[:100])
    assert (corpus.counts.excluded, len(corpus.texts)) == (100, 300)


def test_texts_that_clean_to_nothing_are_counted_and_left_out() -> None:
    texts = [*many(), "https://example.org", "🙂", ""]
    assert clean_rows(make_rows(texts, [*alternate(many()), 0, 0, 0])).counts.empty == 3


def test_one_neutral_row_makes_three_classes_and_none_makes_two() -> None:
    texts = many(1200)
    two = clean_rows(make_rows(texts, alternate(texts)))
    three = clean_rows(make_rows(texts, [index % 3 for index in range(len(texts))]))
    assert two.classes == ("NEGATIVE", "POSITIVE")
    assert set(two.labels.tolist()) == {0, 1}
    assert three.classes == ("NEGATIVE", "NEUTRAL", "POSITIVE")


def test_too_few_rows_of_a_label_are_refused_with_the_counts() -> None:
    texts = many()
    with pytest.raises(PermanentError, match="NEGATIVE") as caught:
        clean_rows(make_rows(texts, [2] * 395 + [0] * 5))
    assert caught.value.code == "too_few_rows"
    with pytest.raises(PermanentError):
        clean_rows(make_rows([], []))


def test_topics_stay_with_their_texts() -> None:
    texts = [many()[0], *many()]
    topics = [f"topic {index % 3}" for index in range(len(texts))]
    corpus = clean_rows(make_rows(texts, [0, *alternate(many())], topics))
    assert corpus.topics is not None
    assert all(topics[texts.index(text)] == topic for text, topic in zip(corpus.texts, corpus.topics, strict=True))


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_and_duplicates_do_not_move_a_row_over_the_line(random: object) -> None:
    texts, labels = many(), alternate(many())
    order = list(range(len(texts))) * 2
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = clean_rows(make_rows([texts[i] for i in order], [labels[i] for i in order]))
    straight = clean_rows(make_rows(texts, labels))
    assert {shuffled.texts[row] for row in shuffled.held_out_rows} == {
        straight.texts[row] for row in straight.held_out_rows
    }


def test_two_processes_clean_as_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = many(2000)
    alone = clean_rows(make_rows(texts, alternate(texts)))
    monkeypatch.setattr("libs.corpus.clean._POOL_FROM_ROWS", 1)
    monkeypatch.setattr("libs.corpus.clean._CHUNK_ROWS", 300)
    shared = clean_rows(make_rows(texts, alternate(texts)))
    assert (shared.texts, shared.tokens, shared.labels.tolist()) == (alone.texts, alone.tokens, alone.labels.tolist())


def test_a_first_corpus_teaches_no_class_that_is_never_answered() -> None:
    people, three = make_labelled_rows(900, 2, name="people"), make_labelled_rows(900, 3, name="first")
    corpora = clean_corpora(Readings(people, three, []), Recipe())
    assert corpora.distant is not None
    assert [corpus.classes for corpus in corpora.all] == [("NEGATIVE", "POSITIVE")] * 2
    assert len(corpora.distant.texts) < len(clean_rows(three).texts)
    assert corpora.distant.labels.max() == 1
