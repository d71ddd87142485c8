"""What an experiment in the shell starts from: settings, hyperparameters, cleaned corpora, a folder for its results."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from libs.corpus import Corpora
from libs.runs.overrides import DATASET, choose_datasets, read_overrides
from libs.service.settings import TrainSettings
from libs.values.recipe import Recipe, override_recipe
from sentiment.errors import PermanentError
from sentiment.store import open_store


class Workplace(NamedTuple):
    """``scratch`` is gone afterwards, ``results`` stays."""

    corpora: Corpora
    recipe: Recipe
    scratch: Path
    results: Path


@contextmanager
def open_workplace(settings: TrainSettings, given: Mapping[str, Any], results: Path) -> Iterator[Workplace]:
    """Read and clean the data set that a run with the overrides ``given`` would learn from; nothing is published."""
    from libs.corpus import clean_corpora
    from libs.dataset import parse_address, read_datasets

    overrides = read_overrides(given)
    recipe = override_recipe(Recipe(), {name: value for name, value in overrides.items() if name != DATASET})
    exclude = parse_address(settings.exclude_url) if settings.exclude_url else None
    make_results_folder(results)
    with tempfile.TemporaryDirectory(prefix="sentiment-experiment-") as folder:
        scratch = Path(folder)
        rows = read_datasets(choose_datasets(settings, overrides), exclude, open_store(settings.store_url), scratch)
        yield Workplace(clean_corpora(rows, recipe), recipe, scratch, results)


def make_results_folder(folder: Path) -> None:
    """Make the folder, which tells git to look away; ``PermanentError("not_writable")`` when it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise PermanentError(
            f"{folder} cannot be written ({error.strerror}); name another folder with --folder", code="not_writable"
        ) from None
