"""Progress and the recipe."""

from __future__ import annotations

import pytest

from libs.service.settings import TrainSettings
from libs.values.progress import STAGES, Progress, Snapshot
from libs.values.recipe import Recipe, override_recipe
from sentiment.errors import PermanentError


def test_progress_never_falls_and_ends_at_one() -> None:
    seen: list[Snapshot] = []
    progress = Progress([seen.append])
    for stage in STAGES:
        progress.enter(stage)
        progress.advance(0.5, {"loss": 1.0})
    progress.finish()
    values = [snapshot.progress for snapshot in seen]
    assert values == sorted(values)
    assert values[-1] == 1.0
    assert set(seen[-1].stage_seconds) == set(STAGES)
    assert sum(STAGES.values()) == pytest.approx(1.0)


def test_a_wrong_recipe_names_every_wrong_value() -> None:
    with pytest.raises(PermanentError) as caught:
        override_recipe(Recipe(), {"epochs": 0, "colour": "red"})
    assert "epochs" in caught.value.detail
    assert "colour" in caught.value.detail


def test_every_setting_and_hyperparameter_is_described() -> None:
    for model in (TrainSettings, Recipe):
        for name, field in model.model_fields.items():
            assert field.description, name
            assert field.description.endswith("."), name
