"""The rows that a run trains on: chosen once, by seed, and never a held-out one."""

from __future__ import annotations

import numpy as np
import pytest
from corpora import make_corpora, make_corpus

from libs.corpus import as_columns
from libs.corpus.split import choose_rows, split_rows
from libs.values.recipe import Recipe

pytestmark = pytest.mark.smoke


def test_no_held_out_row_is_trained_on_or_validated_with() -> None:
    corpora = make_corpora(make_corpus(900, 3, name="people"), make_corpus(1200, 2, name="emoticons"))
    for corpus, split in zip(corpora.all, corpora.splits, strict=True):
        used = set(split.training.tolist()) | set(split.validation.tolist())
        assert not used & set(corpus.held_out_rows.tolist())
        assert len(used) + len(corpus.held_out_rows) == len(corpus.texts)
        assert not set(split.training) & set(split.validation)
        assert split.chosen.tolist() == sorted(used) == corpus.training_rows.tolist()


def test_two_classes_become_the_ends_of_three() -> None:
    corpus = make_corpus(900)
    assert set(as_columns(corpus, 3).tolist()) == {0, 2}
    assert set(as_columns(corpus, 2).tolist()) == {0, 1}


def test_the_recipe_limits_each_corpus_and_one_seed_chooses_the_same_rows_again() -> None:
    labelled, distant = make_corpus(900, 3, name="people"), make_corpus(1200, 2, name="emoticons")
    recipe = Recipe(most_training_rows=300, seed=7)
    first, again, other = (
        make_corpora(labelled, distant, one).splits for one in (recipe, recipe, Recipe(most_training_rows=300))
    )
    assert [len(split.chosen) for split in first] == [300, 300]
    for one, same, different in zip(first, again, other, strict=True):
        assert one.training.tolist() == same.training.tolist()
        assert one.validation.tolist() == same.validation.tolist()
        assert one.chosen.tolist() != different.chosen.tolist()


@pytest.mark.parametrize(("rows", "validation"), [(10, 2), (1000, 200), (2000, 400), (20_000, 1000), (600_000, 20_000)])
def test_a_twentieth_is_set_aside_for_validation_more_of_few_rows_and_at_most_twenty_thousand(
    rows: int, validation: int
) -> None:
    split = split_rows(np.arange(rows), np.random.default_rng(1))
    assert (len(split.validation), len(split.training)) == (validation, rows - validation)


def test_more_rows_than_there_are_is_all_of_them() -> None:
    available = np.array([1, 4, 9])
    assert choose_rows(available, 10, 1).tolist() == choose_rows(available, None, 1).tolist() == [1, 4, 9]
    assert choose_rows(available, 2, 1).tolist() == sorted(choose_rows(available, 2, 1).tolist())
