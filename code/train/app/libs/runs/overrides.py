"""What a caller may change for one run: hyperparameters, and a data set inside the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.dataset import Datasets, parse_address, parse_datasets
from libs.service.settings import TrainSettings
from libs.values.recipe import Recipe, override_recipe
from sentiment.errors import ConfigurationError, PermanentError

DATASET = "dataset"


def read_overrides(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``given`` when every name and value is right.

    Raises ``PermanentError``: ``bad_dataset`` when ``dataset`` is no key below ``datasets/`` (a URL or a path never is),
    ``bad_recipe`` naming each wrong hyperparameter.
    """
    overrides = dict(given)
    if DATASET in overrides:
        _require_key(overrides[DATASET])
    recipe = override_recipe(Recipe(), {name: value for name, value in overrides.items() if name != DATASET})
    settled = recipe.model_dump()
    return {name: overrides[name] if name == DATASET else settled[name] for name in overrides}


def choose_datasets(settings: TrainSettings, overrides: dict[str, Any]) -> Datasets:
    """Return what to learn from: the data set inside the store that a call named, else the settings'."""
    if DATASET in overrides:
        return Datasets(parse_address(f"store:{overrides[DATASET]}"))
    return parse_datasets(settings.dataset_url)


def _require_key(key: Any) -> None:
    try:
        # "#" would begin options, which a caller may not give
        parse_address(f"store:{key if isinstance(key, str) else ''}".replace("#", "//"))
    except ConfigurationError:
        raise PermanentError(
            "dataset must be a key inside the store, e.g. datasets/x.csv; URLs and paths are not taken",
            code="bad_dataset",
        ) from None
