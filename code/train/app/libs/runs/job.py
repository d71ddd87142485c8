"""What one training run is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from libs.dataset import DatasetAddress, Datasets
from libs.service.settings import TrainSettings
from libs.values.outcome import Provenance
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

    @property
    def provenance(self) -> Provenance:
        """Where the release of this run comes from, with the seconds of the stages that are over by now."""
        languages = tuple(self.settings.languages.split(","))
        return Provenance(self.run_id, self.recipe, languages, self.settings.app_commit, self.progress.stage_seconds)
