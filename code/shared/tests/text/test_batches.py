"""Batches: every text once, texts of like length together, and never more than memory allows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sentiment.text.batches import MOST_BYTES, MOST_TEXTS, split_batches
from sentiment.text.encoding import Pieces


def make_text(words: int, letters: int = 0) -> Pieces:
    return Pieces(bytes(8 * words), bytes(4 * letters))


TEXTS = st.lists(st.builds(make_text, st.integers(0, 3000), st.integers(0, 3000)), max_size=300)


@given(TEXTS)
def test_every_text_is_in_one_batch(texts: list[Pieces]) -> None:
    assert sorted(place for batch in split_batches(texts) for place in batch) == list(range(len(texts)))


@given(TEXTS)
def test_a_batch_is_bounded_padding_included(texts: list[Pieces]) -> None:
    for batch in split_batches(texts):
        width = max(len(texts[place].words) for place in batch) + max(len(texts[place].letters) for place in batch)
        assert len(batch) == 1 or (len(batch) <= MOST_TEXTS and len(batch) * width <= MOST_BYTES)


def test_texts_of_one_length_share_a_batch() -> None:
    assert [len(batch) for batch in split_batches([make_text(20, 30)] * 130)] == [64, 64, 2]


def test_long_texts_do_not_lengthen_short_ones() -> None:
    texts = [make_text(words) for words in (3, 40, 4, 41, 3, 40)]
    assert list(split_batches(texts)) == [[0, 4, 2], [1, 5, 3]]


def test_a_text_of_the_longest_kind_runs_alone() -> None:
    assert list(split_batches([make_text(10_000), make_text(1, 30_000), make_text(1)])) == [[1], [2], [0]]
