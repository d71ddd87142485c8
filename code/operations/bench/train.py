"""Benchmark of train: the whole recipe on real tweets beside its peers on the same split; writes ``train.md``.

``make bench-train`` trains on all of Sentiment140 (half an hour on two cores). ``ARGS="--release file:///store"`` takes
the current release of a store instead and measures the rest; ``--rows`` learns from fewer. The data sets are looked for
in SENTIMENT_DATA_DIR, by default ``../shared/data`` beside the clone; they are never part of the repository.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from bench.first_version import time_first_version
from bench.results import write_results
from places import CODE, ENVIRONMENTS, ROOT

from libs.clean import clean_rows
from libs.dataset import parse_source, read_rows
from libs.evidence.measures import Judged, measure
from libs.runs.record import read_run
from sentiment.classifier import load_classifier
from sentiment.cleaning import clean
from sentiment.fetching import fetch_release
from sentiment.promotion import read_current
from sentiment.store import Store, open_store

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from libs.corpus import Corpus

_HERE: Final = Path(__file__).resolve().parent
_DATA: Final = Path(os.environ.get("SENTIMENT_DATA_DIR", ROOT.parent / "shared" / "data"))
_ROUNDS: Final = 5
_TIMED_TEXTS: Final = 6400


class Result(NamedTuple):
    """One row of the table: what, accuracy on the same held-out rows, seconds to train, remark."""

    name: str
    accuracy: float
    seconds: float
    remark: str

    def cells(self) -> list[str]:
        """Return the row as text."""
        return [self.name, f"{self.accuracy:.4f}", f"{self.seconds:,.0f}", self.remark]


def main() -> None:
    """Train or fetch, judge, time, compare; print and write the table."""
    options = _parse()
    source = _DATA / "sentiment140_train.csv.gz"
    if not source.is_file():
        sys.exit(f"no data: {source} is missing; SENTIMENT_DATA_DIR names the folder")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        store = open_store(options.release or _train(source, options.rows, work))
        corpus = clean_rows(read_rows(parse_source(source.as_uri()), store, work))
        ours, speed = _judge_release(store, corpus, work)
        learnt = corpus.training_rows
        if options.rows:
            learnt = np.random.default_rng(1).choice(learnt, options.rows, replace=False)
        peers = [_measure_linear(corpus, learnt), _measure_fasttext(corpus, learnt, work)]
        slow = time_first_version(
            [corpus.tokens[row] for row in learnt[:4000]], corpus.labels[learnt[:4000]], len(learnt)
        )
    header = ["model", "accuracy", "seconds to train", "remark"]
    text = write_results(
        _HERE / "train.md",
        "Training: accuracy, time and speed",
        "train",
        [
            (
                "Sentiment140, held-out tenth",
                [header, *(result.cells() for result in (ours, *peers))],
                f"{len(corpus.held_out_rows):,} rows judged by, {len(learnt):,} learnt from; peers ran in this run.",
            ),
            ("The first version's recipe", slow, "Timed on 4,000 tweets, for one pass, and scaled to all rows."),
            ("The classifier: text in, score out, one core", speed, "CPU time, median of 5 rounds; cleaning included."),
        ],
    )
    sys.stdout.write(text)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", metavar="STORE_URL", help="measure this store's current release, train nothing")
    parser.add_argument("--rows", type=int, help="learn from at most so many rows")
    return parser.parse_args()


def _train(source: Path, rows: int | None, work: Path) -> str:
    """Run ``python main.py run`` as a user would and return its store."""
    url = (work / "store").as_uri()
    limit = ["--set", f"most_training_rows={rows}"] if rows else []
    subprocess.run(
        [sys.executable, "main.py", "run", *limit],
        cwd=CODE / "train" / "app",
        env={**os.environ, "STORE_URL": url, "DATASET_URL": source.as_uri()},
        check=True,
    )
    return url


def _judge_release(store: Store, corpus: Corpus, work: Path) -> tuple[Result, list[list[str]]]:
    current = read_current(store)
    if current is None:
        sys.exit("the store has no current release")
    release = fetch_release(store, current.current.version, work / "cache")
    run = read_run(store, release.version)
    classifier = load_classifier(release)
    texts = [corpus.texts[row] for row in corpus.held_out_rows]
    scores = np.array([prediction.score for prediction in classifier.predict(texts)])
    judged = Judged(corpus.labels[corpus.held_out_rows], np.stack([1 - scores, scores], axis=1).astype(np.float32))
    figures = measure(judged, seed=1)
    seconds = sum(run.stage_seconds.values())
    size = sum(entry.bytes for entry in release.manifest.files.values()) / 1e6
    memory = run.figures.get("peak_memory_mib")
    remark = f"ECE {figures['ece']['value']:.4f}, release {size:.0f} MB" + (
        f", peak {memory:,.0f} MiB" if memory else ""
    )
    remark += "; stages " + ", ".join(f"{name} {spent:.0f} s" for name, spent in run.stage_seconds.items())
    return Result("this product", figures["accuracy"]["value"], seconds, remark), _time_classifier(classifier, texts)


def _time_classifier(classifier: Any, texts: list[Any]) -> list[list[str]]:
    chosen = [str(text) for text in texts[:_TIMED_TEXTS]]
    rows = [["texts at once", "µs a text"]]
    for size, some in ((64, chosen), (1, chosen[: _TIMED_TEXTS // 10])):
        rounds = []
        for _ in range(_ROUNDS):
            began = time.process_time()
            for start in range(0, len(some), size):
                classifier.predict([clean(text) for text in some[start : start + size]])
            rounds.append((time.process_time() - began) / len(some) * 1e6)
        rows.append([str(size), f"{median(rounds):.0f}"])
    return rows


def _measure_linear(corpus: Corpus, learnt: NDArray[np.int64]) -> Result:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    began = time.monotonic()
    peer = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32),
        SGDClassifier(loss="log_loss", alpha=0.4 / len(learnt), max_iter=5, tol=None, average=True, random_state=1),
    )
    peer.fit([corpus.texts[row] for row in learnt], corpus.labels[learnt])
    seconds = time.monotonic() - began
    held_out = corpus.held_out_rows
    right = peer.predict([corpus.texts[row] for row in held_out]) == corpus.labels[held_out]
    return Result("TF-IDF (1,2) + logistic regression", float(right.mean()), seconds, "scikit-learn, SGD")


def _measure_fasttext(corpus: Corpus, learnt: NDArray[np.int64], work: Path) -> Result:
    files = [work / "training.txt", work / "held_out.txt"]
    # fastText learns in the order of the lines, and the data set's is not one of chance.
    shuffled = np.random.default_rng(1).permutation(learnt)
    for path, rows in zip(files, (shuffled, corpus.held_out_rows), strict=True):
        with path.open("w", encoding="utf-8") as file:
            file.writelines(f"__label__{corpus.labels[row]} {' '.join(corpus.tokens[row])}\n" for row in rows)
    done = subprocess.run(
        [_make_fasttext(), _HERE / "fasttext_peer.py", *files], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout)
    return Result("fastText", found["accuracy"], found["seconds"], "supervised, word pairs, 50 dimensions, 5 epochs")


def _make_fasttext() -> Path:
    """Return the Python of fastText's own environment, made at the first call."""
    folder = ENVIRONMENTS / "fasttext"
    python = folder / "bin" / "python"
    if not (folder / "finished").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pins = ["install", "--quiet", "--require-hashes", "-r", _HERE / "train_peers.txt"]
        subprocess.run([python, "-m", "pip", *pins], check=True)
        (folder / "finished").touch()
    return python


if __name__ == "__main__":
    main()
