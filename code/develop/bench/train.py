"""Benchmark of train: the recipe on real tweets and reviews beside its peers on the same split; writes ``train.md``.

``make bench-train`` trains four releases (Sentiment140, three classes with SemEval, 100,000 tweets, film reviews: half an
hour on two cores) and keeps them; the next call measures these again, and ``ARGS=--again`` trains anew. The data sets are
looked for in SENTIMENT_DATA_DIR, by default ``../shared/data`` beside the clone; they are never part of the repository.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from develop.bench.first_version import time_first_version
from develop.bench.results import write_results
from develop.bench.train_peers import measure_fasttext, train_word_pairs, train_words_and_letters
from develop.bench.train_runs import DATA, EMOTICONS, PEOPLE, PEOPLE_ASIDE, REVIEWS, Trained, train, write_sample
from libs.corpus import Corpus, clean_rows
from libs.dataset import parse_address, read_rows
from libs.evaluation import accuracy, macro_recall, with_interval
from sentiment.model.labels import THREE_CLASSES, Prediction
from sentiment.store import open_store
from sentiment.text.cleaning import clean

Section = tuple[str, Sequence[Sequence[str]], str]

_HERE: Final = Path(__file__).resolve().parent
_ROUNDS: Final = 5
_TIMED_TEXTS: Final = 6400
_TIMED_ROWS: Final = 4000  # of the first version's recipe


def main() -> None:
    """Train or take what was kept, judge, time, compare; print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--again", action="store_true", help="train anew what was kept from the last time")
    again = parser.parse_args().again
    missing = [path.name for path in (EMOTICONS, PEOPLE, PEOPLE_ASIDE, REVIEWS) if not path.is_file()]
    if missing:
        sys.exit(f"no data: {', '.join(missing)} not in {DATA}; SENTIMENT_DATA_DIR names the folder")
    runs = {
        "Sentiment140": train("sentiment140", EMOTICONS.as_uri(), again=again),
        "Sentiment140, then SemEval": train(
            "three_classes", f"distant={EMOTICONS.as_uri()} labelled={PEOPLE.as_uri()}", again=again
        ),
        "100,000 of Sentiment140": train("sample", write_sample().as_uri(), again=again),
        "IMDB": train("reviews", REVIEWS.as_uri(), again=again),
    }
    emoticons, three, _, reviews = runs.values()
    with tempfile.TemporaryDirectory() as folder:
        corpora = [_read(path, Path(folder)) for path in (EMOTICONS, PEOPLE, REVIEWS)]
        aside = _read_all(PEOPLE_ASIDE, Path(folder))
        sections = [
            _list_runs(runs),
            _judge_emoticons(emoticons, corpora[0], Path(folder)),
            _judge_three(three, emoticons, corpora, aside),
            _judge_reviews(reviews, corpora[2]),
            _time_first_version(corpora[0]),
            _time_classifiers({"Sentiment140": emoticons, "Sentiment140, then SemEval": three}, corpora[0]),
        ]
    sys.stdout.write(write_results(_HERE / "train.md", "Training: accuracy, time and speed", "train", sections))


def _read(path: Path, folder: Path) -> Corpus:
    return clean_rows(read_rows(parse_address(path.as_uri()), open_store(folder.as_uri()), folder))


def _read_all(path: Path, folder: Path) -> tuple[list[Any], NDArray[np.int8]]:
    """Return all of a data set's texts, cleaned, none of them a training row of any release; and their labels."""
    rows = read_rows(parse_address(path.as_uri()), open_store(folder.as_uri()), folder)
    return [clean(text) for text in rows.texts], rows.labels


def _list_runs(runs: dict[str, Trained]) -> Section:
    header = ["data", "training rows", "minutes", "seconds by stage", "peak MiB", "release MB", "made, commit"]
    rows = [run.cells(name) for name, run in runs.items()]
    return (
        "Runs",
        [header, *rows],
        "From CSV to published release. Wanted: ≤ 25 minutes, 6,144 MiB, 80 MB; 100,000 rows ≤ 2.",
    )


def _judge_emoticons(ours: Trained, corpus: Corpus, work: Path) -> Section:
    labels = corpus.labels[corpus.held_out_rows]
    texts = [corpus.texts[row] for row in corpus.held_out_rows]
    peer = train_word_pairs(corpus)
    found, seconds = measure_fasttext(corpus, work)
    ece = f"ECE {ours.manifest.metrics['ece']:.4f}"
    rows = [
        ["model", "accuracy (95 % interval)", "seconds to train", "remark"],
        ["this product", _tell(labels, _predict_ends(ours, texts), accuracy, 2), f"{ours.seconds:,.0f}", ece],
        [peer.name, _tell(labels, peer.answer(texts), accuracy, 2), f"{peer.seconds:,.0f}", "scikit-learn"],
        ["fastText", f"{found:.4f}", f"{seconds:,.0f}", "word pairs, 50 dimensions, 5 epochs"],
    ]
    remark = f"{len(labels):,} held-out rows, {len(corpus.training_rows):,} training rows. Wanted: ≥ 0.840, ECE ≤ 0.02."
    return ("Sentiment140, held-out tenth", rows, remark)


def _judge_three(
    three: Trained, emoticons: Trained, corpora: list[Corpus], aside: tuple[list[Any], NDArray[np.int8]]
) -> Section:
    people = corpora[1]
    labels, texts = people.labels[people.held_out_rows], [people.texts[row] for row in people.held_out_rows]
    ends, said = (
        corpora[0].labels[corpora[0].held_out_rows],
        [corpora[0].texts[row] for row in corpora[0].held_out_rows],
    )
    peer = train_words_and_letters(people)
    rows = [["model", "macro recall, val", "macro recall, held-out", "polar accuracy, Sentiment140 held-out"]]
    ours = [_tell(known, _predict_labels(three, some), macro_recall, 3) for some, known in (aside, (texts, labels))]
    rows.append(["this product", *ours, _tell(ends, _predict_ends(three, said), accuracy, 2)])
    theirs = [_tell(known, peer.answer(some), macro_recall, 3) for some, known in (aside, (texts, labels))]
    rows.append([f"{peer.name}, SemEval alone", *theirs, ""])
    rows.append(["this product, emoticons alone", "", "", _tell(ends, _predict_ends(emoticons, said), accuracy, 2)])
    remark = (
        f"{len(aside[1]):,} rows of val, {len(labels):,} held out, {len(ends):,} with emoticons. "
        "Wanted: ≥ 0.70, 0.01 over the peer, and ≤ 0.01 of polar accuracy lost."
    )
    return ("SemEval 2017 task 4 A, three classes", rows, f"{remark} ECE {three.manifest.metrics['ece']:.4f}.")


def _judge_reviews(ours: Trained, corpus: Corpus) -> Section:
    labels = corpus.labels[corpus.held_out_rows]
    texts = [corpus.texts[row] for row in corpus.held_out_rows]
    peer = train_word_pairs(corpus)
    rows = [["model", "accuracy (95 % interval)", "seconds to train"]]
    rows.append(["this product", _tell(labels, _predict_ends(ours, texts), accuracy, 2), f"{ours.seconds:,.0f}"])
    rows.append([peer.name, _tell(labels, peer.answer(texts), accuracy, 2), f"{peer.seconds:,.0f}"])
    return ("IMDB, held-out tenth", rows, f"{len(labels):,} whole reviews judged by. Wanted: ≥ 0.89.")


def _time_first_version(corpus: Corpus) -> Section:
    training_rows = corpus.training_rows
    some = np.random.default_rng(1).choice(training_rows, _TIMED_ROWS, replace=False)
    rows = time_first_version([corpus.tokens[row] for row in some], corpus.labels[some], len(training_rows))
    return (
        "The first version's recipe",
        rows,
        f"Timed on {_TIMED_ROWS:,} tweets, for one pass, and scaled to all rows.",
    )


def _time_classifiers(runs: dict[str, Trained], corpus: Corpus) -> Section:
    texts = [str(corpus.texts[row]) for row in corpus.held_out_rows[:_TIMED_TEXTS]]
    rows = [["release", "µs a text, 64 at once", "µs a text, alone"]]
    for name, run in runs.items():
        rows.append(
            [name, *(f"{_time_classifier(run, some, size):.0f}" for size, some in ((64, texts), (1, texts[::10])))]
        )
    return (
        "The classifier: text in, score out, one core",
        rows,
        "CPU time, median of 5 rounds, cleaning included. Wanted: ≤ 100, ≤ 500.",
    )


def _time_classifier(run: Trained, texts: list[str], size: int) -> float:
    """Return microseconds of processor time a text."""
    rounds = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for start in range(0, len(texts), size):
            run.classifier.predict([clean(text) for text in texts[start : start + size]])
        rounds.append((time.process_time() - began) / len(texts) * 1e6)
    return median(rounds)


def _predict_ends(run: Trained, texts: list[Any]) -> NDArray[np.int64]:
    """Return 1 where the score is 0.5 or more."""
    return np.array([prediction.score >= 0.5 for prediction in run.classifier.predict(texts)], dtype=np.int64)


def _predict_labels(run: Trained, texts: list[Any]) -> NDArray[np.int64]:
    predictions: list[Prediction] = run.classifier.predict(texts)
    return np.array([THREE_CLASSES.index(prediction.label) for prediction in predictions], dtype=np.int64)


def _tell(labels: NDArray[Any], found: NDArray[Any], rule: Any, classes: int) -> str:
    """Return a measure of the answers with its bootstrap 95 % interval."""
    cells = labels.astype(np.int64) * classes + found
    counts = np.bincount(cells, minlength=classes**2).reshape(classes, classes)
    figure = with_interval(counts, rule, np.random.default_rng(1))
    return f"{figure.value:.4f} ({figure.low:.3f}–{figure.high:.3f})"


if __name__ == "__main__":
    main()
