"""``python main.py stage``: the run's own steps one at a time, so that DVC repeats only those whose inputs changed.

``main.train`` does them all; here each reads what the one before wrote into the folder, and writes its own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from libs.corpus import clean_corpora
from libs.dataset import parse_address, parse_datasets, read_datasets
from libs.evaluation import evaluate
from libs.experiments import artefacts
from libs.network import train_network
from libs.release import Gate, build_release, load_candidate, publish
from libs.runs.job import Job
from libs.service.settings import TrainSettings
from libs.tracking import track
from libs.values.progress import Progress
from libs.values.recipe import Recipe
from libs.vectors import train_vectors
from sentiment.errors import ConfigurationError
from sentiment.release.manifest import MANIFEST, Manifest, new_version
from sentiment.store import open_store

METRICS_FILE: Final = "metrics.json"


@dataclass(frozen=True)
class Stage:
    """What a stage works with: ``folder`` holds a folder per stage, ``scratch`` is gone afterwards."""

    settings: TrainSettings
    recipe: Recipe
    folder: Path
    scratch: Path
    progress: Progress

    def output(self, name: str) -> Path:
        """Return the empty folder of the stage ``name``."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / name).mkdir(parents=True)
        return self.folder / name

    def job(self, version: str) -> Job:
        """Return what a whole run would be given."""
        return Job(
            run_id=version,
            settings=self.settings,
            datasets=parse_datasets(self.settings.dataset_url),
            exclude=parse_address(self.settings.exclude_url) if self.settings.exclude_url else None,
            recipe=self.recipe,
            store=open_store(self.settings.store_url),
            folder=self.scratch,
            progress=self.progress,
        )


def ingest(stage: Stage) -> None:
    """Read the data sets' rows."""
    stage.progress.enter("dataset")
    job = stage.job("none")
    readings = read_datasets(job.datasets, job.exclude, job.store, job.folder)
    artefacts.save_readings(readings, stage.output("ingest"))


def clean(stage: Stage) -> None:
    """Clean the texts, keep each once, set the held-out tenth apart."""
    stage.progress.enter("clean")
    readings = artefacts.load_readings(stage.folder / "ingest")
    corpora = clean_corpora(readings, stage.recipe, stage.progress.advance)
    artefacts.save_corpora(corpora, stage.output("clean"))


def vectors(stage: Stage) -> None:
    """Train Word2Vec."""
    stage.progress.enter("vectors")
    corpora = artefacts.load_corpora(stage.folder / "clean")
    found = train_vectors(corpora, stage.recipe, stage.scratch, stage.progress.advance)
    artefacts.save_vectors(found, stage.output("vectors"))


def network(stage: Stage) -> None:
    """Train the network."""
    stage.progress.enter("network")
    corpora = artefacts.load_corpora(stage.folder / "clean")
    found = artefacts.load_vectors(stage.folder / "vectors")
    trained = train_network(corpora, found, stage.recipe, stage.progress.advance)
    artefacts.save_trained(trained, stage.output("network"))


def evaluate_and_build(stage: Stage) -> None:
    """Judge the network and build the release that it would be; its version is given here."""
    stage.progress.enter("evaluate")
    corpora = artefacts.load_corpora(stage.folder / "clean")
    found = artefacts.load_vectors(stage.folder / "vectors")
    trained = artefacts.load_trained(stage.folder / "network", corpora, found, stage.recipe)
    evaluation = evaluate(trained, corpora, stage.recipe.seed, stage.progress.advance)
    provenance = stage.job(new_version()).provenance
    candidate = build_release(provenance, corpora, found, trained, evaluation, folder=stage.scratch / "release")
    output = stage.output("evaluate")
    artefacts.save_evaluation(evaluation, output)
    shutil.copytree(candidate.folder, output / "release")
    (output / MANIFEST).write_text(candidate.manifest.model_dump_json(indent=1), encoding="utf-8")
    (stage.folder / METRICS_FILE).write_text(json.dumps(candidate.manifest.metrics, indent=1) + "\n", encoding="utf-8")


def register(stage: Stage) -> None:
    """Publish the release, let the gate judge it, and log it to MLflow if there is one."""
    stage.progress.enter("publish")
    corpora = artefacts.load_corpora(stage.folder / "clean")
    folder = stage.folder / "evaluate"
    evaluation = artefacts.load_evaluation(folder)
    manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    gate = Gate(open_store(stage.settings.store_url), stage.scratch, stage.settings.gate_tolerance)
    candidate = load_candidate(manifest, folder / "release")
    outcome = publish(candidate, corpora.labelled, evaluation.held_out, gate, stage.progress.advance)
    track(stage.settings, outcome.model_version)
    (stage.output("register") / "outcome.json").write_text(json.dumps(asdict(outcome), indent=1), encoding="utf-8")


STAGES: Final[Mapping[str, Callable[[Stage], None]]] = {
    "ingest": ingest,
    "clean": clean,
    "vectors": vectors,
    "network": network,
    "evaluate": evaluate_and_build,
    "register": register,
}


def read_parameters(text: str) -> dict[str, Any]:
    """Return ``params.yaml``'s content: ``dataset``, ``exclude`` and ``recipe``.

    Raises ``ConfigurationError`` when it is something else or PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError:
        raise ConfigurationError(
            "stages need PyYAML: pip install --no-deps -r build/requirements-experiments.txt"
        ) from None
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"the parameters are no YAML: {str(error).partition(chr(10))[0]}") from None
    if (
        not isinstance(found, dict)
        or set(found) != {"dataset", "exclude", "recipe"}
        or not isinstance(found["recipe"], dict)
    ):
        raise ConfigurationError("the parameters are dataset, exclude and recipe, as in params.yaml")
    return found
