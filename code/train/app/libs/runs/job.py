"""What one training run is given, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.dataset import DatasetAddress, Datasets
from libs.service.settings import TrainSettings
from libs.values.progress import Progress
from libs.values.recipe import Recipe
from sentiment.store import Store


@dataclass(frozen=True)
class Job:
    """One run: ``folder`` is scratch space of its own, gone when the run ends."""

    run_id: str
    settings: TrainSettings
    datasets: Datasets
    exclude: DatasetAddress | None
    recipe: Recipe
    store: Store
    folder: Path
    progress: Progress


@dataclass(frozen=True)
class Outcome:
    """What a run that succeeded has to show."""

    model_version: str
    promoted: bool
    reason: str
    metrics: dict[str, Any]
    warnings: tuple[str, ...]
