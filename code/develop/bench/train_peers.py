"""What others reach on the same rows: linear models and fastText, each trained in this run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from develop.environments import make_environments
from develop.places import python_of
from libs.corpus import Corpus

_HERE: Final = Path(__file__).resolve().parent


class Peer(NamedTuple):
    """``answer`` gives labels for texts, as indexes of the corpus' classes; ``seconds``: to train."""

    name: str
    answer: Any
    seconds: float


def train_word_pairs(corpus: Corpus) -> Peer:
    """TF-IDF of words and pairs, logistic regression by SGD: what most would try first."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    penalty = 0.4 / len(corpus.training_rows)
    return _fit(
        "TF-IDF (1,2) + logistic regression (SGD)",
        make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32),
            SGDClassifier(loss="log_loss", alpha=penalty, max_iter=5, tol=None, average=True, random_state=1),
        ),
        corpus,
    )


def train_words_and_letters(corpus: Corpus) -> Peer:
    """TF-IDF of words (1,2) and letters (2–5), balanced logistic regression: strong on few rows with three labels."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    return _fit(
        "TF-IDF word (1,2) + letter (2–5), balanced logistic regression",
        make_pipeline(
            make_union(
                TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32),
                TfidfVectorizer(analyzer="char", ngram_range=(2, 5), min_df=3, sublinear_tf=True, dtype=np.float32),
            ),
            LogisticRegression(C=1.0, max_iter=300, class_weight="balanced"),
        ),
        corpus,
    )


def _fit(name: str, model: Any, corpus: Corpus) -> Peer:
    print(f"training {name}", file=sys.stderr, flush=True)
    began = time.monotonic()
    rows = corpus.training_rows
    model.fit([corpus.texts[row] for row in rows], corpus.labels[rows])
    return Peer(name, model.predict, time.monotonic() - began)


def measure_fasttext(corpus: Corpus, work: Path) -> tuple[float, float]:
    """Return fastText's accuracy on the held-out rows and its seconds to train."""
    print("training fastText", file=sys.stderr, flush=True)
    files = [work / "training.txt", work / "held_out.txt"]
    # fastText learns in the order of the lines, and the data set's is not one of chance.
    shuffled = np.random.default_rng(1).permutation(corpus.training_rows)
    for path, rows in zip(files, (shuffled, corpus.held_out_rows), strict=True):
        _write_lines(path, corpus, rows)
    make_environments(["peers"])
    words = [python_of("peers"), _HERE / "fasttext_peer.py", *files]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    return found["accuracy"], found["seconds"]


def _write_lines(path: Path, corpus: Corpus, rows: NDArray[np.int64]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"__label__{corpus.labels[row]} {' '.join(corpus.tokens[row])}\n" for row in rows)
