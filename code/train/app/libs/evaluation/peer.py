"""The peer: a simpler model trained in the same run on the same rows, TF-IDF of words and pairs with logistic regression."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from libs.evaluation.bootstrap import with_interval
from libs.evaluation.measures import accuracy, macro_recall
from libs.evaluation.paired import choose_measure, compare, count_disagreements
from libs.evaluation.scored_rows import ScoredRows, count_confusion
from libs.values.report import PeerReport

_MOST_ROWS: Final = 200_000  # a peer must not cost more than the model: 10 s on two cores
_HASHED_TERMS: Final = 2**20


def train_peer(texts: Sequence[str], labels: NDArray[np.int8], seed: int) -> Any:
    """Return a fitted scikit-learn pipeline; of more than 200,000 rows it is trained on that many, drawn by seed."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    rows: list[int] = list(range(len(texts)))
    if len(rows) > _MOST_ROWS:
        rows = np.random.default_rng(seed).choice(len(texts), _MOST_ROWS, replace=False).tolist()
    weight = "balanced" if labels.max() > 1 else None
    peer = make_pipeline(
        HashingVectorizer(ngram_range=(1, 2), n_features=_HASHED_TERMS, alternate_sign=False, norm=None),
        TfidfTransformer(sublinear_tf=True),
        SGDClassifier(
            loss="log_loss",
            alpha=0.5 / len(rows) ** 0.9,
            max_iter=8,
            tol=None,
            average=True,
            random_state=seed,
            class_weight=weight,
        ),
    )
    return peer.fit([texts[row] for row in rows], labels[rows])


def describe_peer(
    texts: Sequence[str], labels: NDArray[np.int8], held_out: Sequence[str], rows: ScoredRows, seed: int
) -> PeerReport:
    """Train the peer on ``texts`` and compare it with the network's predictions ``rows`` for the ``held_out`` texts."""
    began = time.monotonic()
    predicted = np.asarray(train_peer(texts, labels, seed).predict(held_out))
    rng = np.random.default_rng(seed)
    measure = choose_measure(rows.classes)
    counts = count_disagreements(rows.predicted == rows.labels, predicted == rows.labels, rows.labels)
    confusion = count_confusion(ScoredRows(rows.labels, np.eye(rows.classes, dtype=np.float32)[predicted]))
    return PeerReport(
        name="TF-IDF (1,2) + logistic regression",
        rows=min(len(texts), _MOST_ROWS),
        seconds=round(time.monotonic() - began, 1),
        accuracy=with_interval(confusion, accuracy, rng),
        macro_recall=with_interval(confusion, macro_recall, rng),
        measure=measure,
        ahead=compare(counts, measure, rng),
    )
