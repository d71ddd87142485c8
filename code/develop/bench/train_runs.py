"""Training runs to measure: each as a user would start it, kept under ``.local/bench/train`` until ``--again``."""

from __future__ import annotations

import csv
import gzip
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

from develop.places import CODE, LOCAL, ROOT, describe_revision
from libs.runs.record import Run, read_run
from sentiment.model.classifier import Classifier, load_classifier
from sentiment.release.fetching import fetch_release
from sentiment.release.manifest import Manifest
from sentiment.release.promotion import read_current
from sentiment.store import open_store

DATA: Final = Path(os.environ.get("SENTIMENT_DATA_DIR") or ROOT.parent / "shared" / "data")
EMOTICONS: Final = DATA / "sentiment140_train.csv.gz"
PEOPLE: Final = DATA / "semeval" / "train.tsv.gz"
PEOPLE_ASIDE: Final = DATA / "semeval" / "val.tsv.gz"
REVIEWS: Final = DATA / "imdb" / "train.csv.gz"
_KEPT: Final = LOCAL / "bench" / "train"
_SAMPLE_ROWS: Final = 100_000


class Trained(NamedTuple):
    """A run that succeeded, and its release as a reader has it."""

    run: Run
    manifest: Manifest
    classifier: Classifier

    @property
    def seconds(self) -> float:
        """From the data set's first byte to the published release."""
        return sum(self.run.stage_seconds.values())

    def cells(self, name: str) -> list[str]:
        """Return a row of the table of runs."""
        rows = sum(dataset.rows for dataset in self.manifest.datasets)
        megabytes = sum(entry.bytes for entry in self.manifest.files.values()) / 1e6
        stages = " · ".join(f"{stage} {spent:.0f}" for stage, spent in self.run.stage_seconds.items())
        memory = f"{self.run.figures['peak_memory_mib']:,.0f}"
        made = f"{self.manifest.created_at:%m-%d %H:%M}, {self.manifest.code_revision}"
        return [name, f"{rows:,}", f"{self.seconds / 60:.1f}", stages, memory, f"{megabytes:.0f}", made]


def train(name: str, dataset: str, *, again: bool) -> Trained:
    """Return the run called ``name``: the one that was kept, or a new one with this data set."""
    store = open_store((_KEPT / name).as_uri())
    if again or read_current(store) is None:
        print(f"training {name}", file=sys.stderr, flush=True)
        subprocess.run(
            [sys.executable, "main.py", "run"],
            cwd=CODE / "train" / "app",
            env=os.environ
            | describe_revision("train")
            | {"STORE_URL": (_KEPT / name).as_uri(), "DATASET_URL": dataset},
            stdout=subprocess.DEVNULL,
            check=True,
        )
    current = read_current(store)
    if current is None:
        sys.exit(f"the run {name} published no release: see {_KEPT / name / 'runs'}")
    release = fetch_release(store, current.current.version, _KEPT / "releases")
    return Trained(read_run(store, release.version), release.manifest, load_classifier(release))


def write_sample() -> Path:
    """Return a file of 100,000 rows of the emoticon corpus, chosen by seed."""
    path = _KEPT / "sample.csv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(EMOTICONS, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    with gzip.open(path, "wt", encoding="utf-8", newline="", compresslevel=1) as file:
        csv.writer(file).writerows(random.Random(1).sample(rows, _SAMPLE_ROWS))  # noqa: S311 - a sample  # nosec B311
    return path
