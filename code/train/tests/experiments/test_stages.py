"""The run's steps one at a time, alone and under DVC."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import make_corpora, make_corpus
from processes import APP, FAST, plain_environment, run_command
from scored import make_report

from develop.fixtures.aws_server import aws_environment
from libs.dataset import Readings
from libs.evaluation import Evaluation, ScoredRows
from libs.experiments import artefacts
from libs.experiments.stages import STAGES, read_parameters
from libs.network import predict_rows, train_network
from libs.sample import generate_training_rows, write_csv
from libs.values.recipe import Recipe
from libs.vectors import train_vectors
from sentiment.errors import ConfigurationError, PermanentError
from sentiment.model.labels import Thresholds
from sentiment.release.promotion import read_current
from sentiment.store import Store

TRAIN = APP.parent
PLAIN = {".json", ".npy", ".keras", ".onnx", ".jsonl", ".png", ".html"}


@pytest.fixture
def yaml() -> Any:
    return pytest.importorskip(
        "yaml", reason="no PyYAML here: pip install --no-deps -r build/requirements-experiments.txt"
    )


def same_corpus(one: Any, other: Any) -> bool:
    arrays = ("labels", "held_out")
    rest = {name for name in vars(one) if name not in arrays}
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays) and all(
        getattr(one, name) == getattr(other, name) for name in rest
    )


def test_corpora_come_back_as_they_were_put_down(tmp_path: Path) -> None:
    corpora = make_corpora(make_corpus(900, classes=3), make_corpus(900, seed=2, name="distant"))
    artefacts.save_corpora(corpora, tmp_path)
    found = artefacts.load_corpora(tmp_path)
    for before, after in zip(corpora.all, found.all, strict=True):
        assert same_corpus(before, after)
    for split, kept in zip(corpora.splits, found.splits, strict=True):
        assert all(np.array_equal(rows, again) for rows, again in zip(split, kept, strict=True))
    artefacts.save_corpora(make_corpora(corpora.labelled), tmp_path / "alone")
    assert artefacts.load_corpora(tmp_path / "alone").distant is None


def test_rows_come_back_as_they_were_put_down(tmp_path: Path) -> None:
    from corpora import make_rows

    readings = Readings(make_rows(50, classes=3), make_rows(40, seed=2), ["keep out", "ünï\ncode"])
    artefacts.save_readings(readings, tmp_path)
    found = artefacts.load_readings(tmp_path)
    assert found.excluded == readings.excluded
    for before, after in zip(readings.all, found.all, strict=True):
        assert np.array_equal(before.labels, after.labels)
        assert [getattr(before, name) for name in vars(before) if name != "labels"] == [
            getattr(after, name) for name in vars(after) if name != "labels"
        ]


@pytest.mark.parametrize("classes", [2, 3])
def test_a_network_put_down_and_taken_up_answers_as_before(tmp_path: Path, classes: int) -> None:
    recipe = Recipe(epochs=1, vector_epochs=1, vector_size=16, slot_bits=12, filters=16, least_word_count=2)
    corpora = make_corpora(make_corpus(1200, classes), make_corpus(900, seed=2, name="distant"))
    vectors = train_vectors(corpora, recipe, tmp_path)
    trained = train_network(corpora, vectors, recipe, lambda *_: None)
    (tmp_path / "network").mkdir()
    artefacts.save_vectors(vectors, tmp_path / "vectors")
    artefacts.save_trained(trained, tmp_path / "network")
    kept = artefacts.load_vectors(tmp_path / "vectors")
    assert (kept.words, kept.matrix.tolist()) == (vectors.words, vectors.matrix.tolist())
    found = artefacts.load_trained(tmp_path / "network", corpora, kept, recipe)
    rows = np.arange(200)
    assert np.array_equal(
        predict_rows(found.network, found.encoded, rows), predict_rows(trained.network, trained.encoded, rows)
    )
    assert (found.histories, found.features, found.thresholds) == (
        trained.histories, trained.features, trained.thresholds,
    )  # fmt: skip


def test_an_evaluation_comes_back_as_it_was_put_down(tmp_path: Path) -> None:
    held_out = ScoredRows(np.array([0, 1], dtype=np.int8), np.array([[0.7, 0.3], [0.2, 0.8]], dtype=np.float32))
    before = Evaluation(held_out, Thresholds(0.3, 0.6), "fitted", make_report(2))
    artefacts.save_evaluation(before, tmp_path)
    after = artefacts.load_evaluation(tmp_path)
    assert (after.thresholds, after.thresholds_source, after.report) == (before.thresholds, "fitted", before.report)
    assert np.array_equal(after.held_out.probabilities, held_out.probabilities)


def test_a_stage_before_its_time_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="run the stage before"):
        artefacts.load_readings(tmp_path)


def test_the_parameters_file_names_every_hyperparameter_with_its_default(yaml: Any) -> None:
    given = read_parameters((TRAIN / "params.yaml").read_text())
    assert given["recipe"] == Recipe().model_dump()


@pytest.mark.parametrize("text", ["dataset: [", "- a", "dataset: sample", "dataset: sample\nexclude: null\nrecipe: 3"])
def test_parameters_that_are_something_else_are_refused_in_one_line(yaml: Any, text: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_parameters(text)
    assert "\n" not in raised.value.detail


class Watched:
    """A recipe that remembers which hyperparameters were asked for."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe, self.asked = recipe, set()

    def __getattr__(self, name: str) -> Any:
        self.asked.add(f"recipe.{name}")
        return getattr(self.recipe, name)


def test_dvc_knows_every_hyperparameter_that_a_stage_reads(yaml: Any, tmp_path: Path) -> None:
    """One that is missing in dvc.yaml would change nothing when it is changed. From network on, all are named."""
    stages = yaml.safe_load((TRAIN / "dvc.yaml").read_text())["stages"]
    assert list(stages) == list(STAGES)
    recipe = Watched(Recipe(vector_epochs=1, vector_size=8))
    train_vectors(make_corpora(make_corpus(900)), recipe, tmp_path)
    assert recipe.asked == set(stages["vectors"]["params"])
    assert stages["network"]["params"] == stages["evaluate"]["params"] == ["recipe"]
    for stage in stages.values():
        for path in stage["deps"]:
            assert path.startswith("pipeline/") or (TRAIN / path).exists(), path


def write_parameters(folder: Path, dataset: Path, **changes: Any) -> None:
    recipe = Recipe().model_dump() | FAST | {"slot_bits": 14, "filters": 16} | changes
    text = json.dumps({"dataset": dataset.as_uri(), "exclude": None, "recipe": recipe}, indent=1)  # JSON is YAML
    (folder / "params.yaml").write_text(text)


@pytest.mark.timeout(900)
def test_the_stages_one_after_another_publish_a_release_and_keep_nothing_pickled(
    yaml: Any, store: Store, tmp_path: Path
) -> None:
    write_csv(generate_training_rows(2000), tmp_path / "rows.csv.gz")
    write_parameters(tmp_path, tmp_path / "rows.csv.gz")
    folders = ["--params", str(tmp_path / "params.yaml"), "--folder", str(tmp_path / "pipeline")]
    for name in STAGES:
        done = run_command("stage", name, "--quiet", *folders, environment={"STORE_URL": store.url}, seconds=600)
        assert done.returncode == 0, done.stderr
    kept = [path for path in (tmp_path / "pipeline").rglob("*") if path.is_file()]
    assert {path.suffix for path in kept} <= PLAIN
    outcome = json.loads((tmp_path / "pipeline/register/outcome.json").read_text())
    current = read_current(store)
    assert outcome["promoted"]
    assert current is not None
    assert current.current.version == outcome["model_version"]
    assert json.loads((tmp_path / "pipeline/metrics.json").read_text()) == outcome["metrics"]


class Clone:
    """The parts of a clone that DVC needs, as a git repository, with dvc run in it."""

    def __init__(self, folder: Path, dvc: str, environment: dict[str, str]) -> None:
        self.folder, self.train = folder, folder / "code" / "train"
        self._dvc, self._environment = dvc, environment
        for part in ("code/train/app", "code/train/.dvc", "code/shared/sentiment"):
            ignored = shutil.ignore_patterns("__pycache__", ".mypy_cache", "tmp", "cache", "config.local")
            shutil.copytree(TRAIN.parents[1] / part, folder / part, ignore=ignored)
        for name in ("dvc.yaml", ".dvcignore"):
            shutil.copy(TRAIN / name, self.train)
        subprocess.run(["git", "init", "--quiet", str(folder)], check=True)

    def dvc(self, *words: str) -> str:
        done = subprocess.run(
            [self._dvc, *words],
            cwd=self.train,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def repeat(self) -> list[str]:
        """Return the stages that ``dvc repro`` ran."""
        return [line.split("'")[1] for line in self.dvc("repro").splitlines() if line.startswith("Running stage")]


@pytest.fixture
def dvc(tmp_path: Path) -> tuple[str, dict[str, str]]:
    found = shutil.which(os.environ.get("DVC", "dvc"))
    if found is None:
        pytest.skip(
            "no DVC: none on the PATH or named by DVC (pip install --no-deps -r build/requirements-dvc.txt elsewhere)"
        )
    environment = plain_environment({"STORE_URL": (tmp_path / "store").as_uri(), "DVC_NO_ANALYTICS": "1"})
    return found, environment | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@pytest.mark.timeout(1800)
def test_dvc_repeats_only_what_changed_and_keeps_it_on_s3(
    yaml: Any, dvc: tuple[str, dict[str, str]], aws_url: str, bucket: str, tmp_path: Path
) -> None:
    program, environment = dvc
    environment |= aws_environment(aws_url)
    write_csv(generate_training_rows(2000), tmp_path / "rows.csv.gz")
    clone = Clone(tmp_path / "one", program, environment)
    write_parameters(clone.train, tmp_path / "rows.csv.gz")
    assert clone.repeat() == list(STAGES)
    assert clone.repeat() == []
    write_parameters(clone.train, tmp_path / "rows.csv.gz", dropout=0.25)
    assert clone.repeat() == ["network", "evaluate", "register"]
    assert "accuracy" in clone.dvc("metrics", "show")
    clone.dvc("remote", "add", "--default", "store", f"s3://{bucket}/dvc")
    clone.dvc("push")
    other = Clone(tmp_path / "two", program, environment)
    for name in ("params.yaml", "dvc.lock", ".dvc/config"):
        shutil.copy(clone.train / name, other.train / name)
    other.dvc("pull")
    assert other.repeat() == [], "what another machine made is not made again"
    assert (other.train / "pipeline/evaluate/manifest.json").read_bytes() == (
        clone.train / "pipeline/evaluate/manifest.json"
    ).read_bytes()
