"""The search for hyperparameters."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from corpora import make_corpora, make_corpus

from libs.experiments.search import STUDY_FILE, Budget, judge_recipe, search, set_aside
from libs.experiments.search_report import format_found, write_found
from libs.experiments.search_space import SPACE, Span
from libs.experiments.workplace import Workplace
from libs.runs.overrides import read_overrides
from libs.values.recipe import Recipe, override_recipe
from sentiment.errors import ConfigurationError, PermanentError


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(
        make_corpora(make_corpus(1200), make_corpus(1500, seed=2, name="distant")), Recipe(), tmp_path, tmp_path
    )


def ignore(_what: str, _fraction: float) -> None:
    """Nobody watches."""


def like_a_slow_rate(_corpora, recipe: Recipe, _place, report) -> float:
    report(0.5)
    time.sleep(0.05)
    return 0.8 - abs(np.log10(recipe.learning_rate) - np.log10(0.001)) / 10


def need_optuna() -> None:
    pytest.importorskip("optuna", reason="no Optuna here: pip install --no-deps -r build/requirements-experiments.txt")


def test_the_space_lies_within_the_recipes_bounds_and_holds_its_defaults() -> None:
    defaults = Recipe().model_dump()
    for name, among in SPACE.items():
        ends = (among.low, among.high) if isinstance(among, Span) else among
        for value in ends:
            assert override_recipe(Recipe(), {name: value})
        inside = ends[0] <= defaults[name] <= ends[-1] if isinstance(among, Span) else defaults[name] in among
        assert inside, name


def test_the_held_out_rows_take_no_part(place: Workplace) -> None:
    inner = set_aside(place.corpora, Recipe(seed=3))
    for before, after in zip(place.corpora.all, inner.all, strict=True):
        kept_out = {before.texts[row] for row in before.held_out_rows}
        assert kept_out
        assert not kept_out & set(after.texts)
        assert len(after.texts) == len(before.training_rows)
        pairs = dict(zip(before.texts, before.labels.tolist(), strict=True))
        assert [pairs[text] for text in after.texts] == after.labels.tolist()
    assert inner.labelled.held_out.sum() == len(inner.labelled.texts) // 10


def test_the_best_of_all_attempts_is_found_and_is_a_body_for_post_train(place: Workplace, tmp_path: Path) -> None:
    need_optuna()
    found = search(place, {"epochs": 1}, Budget(3, 8), ignore, like_a_slow_rate)
    assert len(found.attempts) == 8
    assert found.default == pytest.approx(0.8 - np.log10(2) / 10)
    assert found.best > found.default
    assert found.overrides["epochs"] == 1
    assert set(found.overrides) == {*SPACE, "epochs"}
    write_found(found, tmp_path)
    assert max(found.attempts) == found.best
    assert (tmp_path / "tune.png").read_bytes().startswith(b"\x89PNG")
    body = json.loads((tmp_path / "best.json").read_text())
    assert read_overrides(body) == found.overrides
    shown = format_found(found, tmp_path)
    assert f"{found.best:.4f}" in shown
    assert f"--set learning_rate={found.overrides['learning_rate']}" in shown


def test_the_same_question_goes_on_where_it_ended_and_repeats_nothing(place: Workplace) -> None:
    need_optuna()
    tried: list[float] = []

    def note(corpora, recipe: Recipe, where, report) -> float:
        tried.append(recipe.learning_rate)
        return like_a_slow_rate(corpora, recipe, where, report)

    first = search(place, {}, Budget(3, 4), ignore, note)
    before = len(tried)
    second = search(place, {}, Budget(3, 4), ignore, note)
    assert (len(first.attempts), len(second.attempts)) == (4, 8)
    assert second.attempts[:4] == first.attempts
    assert second.best >= first.best
    assert tried.count(Recipe().learning_rate) == 1, "the defaults are tried once"
    assert len(set(tried)) == len(tried)
    assert (before, len(tried)) == (4, 8)
    assert (place.results / STUDY_FILE).is_file()


def test_a_seed_decides_the_order_of_attempts(tmp_path: Path) -> None:
    need_optuna()
    orders = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        place = Workplace(make_corpora(make_corpus(1200)), Recipe(seed=7), tmp_path, tmp_path / name)
        tried: list[float] = []

        def note(corpora, recipe: Recipe, where, report, tried: list[float] = tried) -> float:
            tried.append(recipe.learning_rate)
            return like_a_slow_rate(corpora, recipe, where, report)

        search(place, {}, Budget(3, 4), ignore, note)
        orders.append(tried)
    assert len(orders[0]) == 4
    assert orders[0] == orders[1]


def test_an_attempt_ends_with_the_budget_and_no_ended_attempt_is_an_error(place: Workplace) -> None:
    need_optuna()

    def endless(_corpora, _recipe, _place, report) -> float:
        while True:
            time.sleep(0.02)
            report(0.1)

    began = time.monotonic()
    with pytest.raises(PermanentError, match="give more --minutes"):
        search(place, {}, Budget(0.05), ignore, endless)
    assert time.monotonic() - began < 30, "3 s, and the study's own writing"


def test_what_is_settled_is_not_searched(place: Workplace) -> None:
    need_optuna()

    def judge(_corpora, recipe: Recipe, _place, report) -> float:
        assert recipe.filters == 32
        time.sleep(0.05)
        report(1.0)
        return 0.5

    settled = place._replace(recipe=override_recipe(place.recipe, {"filters": 32}))
    assert search(settled, {"filters": 32}, Budget(3, 1), ignore, judge).overrides["filters"] == 32


def test_a_recipe_is_judged_by_training_with_it(tmp_path: Path) -> None:
    recipe = Recipe(epochs=1, vector_epochs=1, vector_size=16, slot_bits=12, filters=16, least_word_count=2)
    place = Workplace(make_corpora(make_corpus(1500, classes=3)), recipe, tmp_path, tmp_path)
    fractions: list[float] = []
    assert 0.6 < judge_recipe(set_aside(place.corpora, recipe), recipe, place, fractions.append) <= 1
    assert fractions == sorted(fractions)


def test_without_optuna_one_line_says_what_to_install(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigurationError, match=r"requirements-experiments\.txt"):
        search(place, {}, Budget(1), ignore)
