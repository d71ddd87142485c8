"""Train vectors and network by a recipe and predict the held-out rows; no report and no release."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from libs.corpus.corpora import Corpora
from libs.evaluation.measures import Judged
from libs.network.learning import learn
from libs.network.network import predict_rows
from libs.values.recipe import Recipe
from libs.vectors.word2vec import train_vectors

_VECTORS, _NETWORK = 0.25, 0.97  # of the time is over when each is done, as on Sentiment140


def attempt(corpora: Corpora, recipe: Recipe, folder: Path, report: Callable[[float], None]) -> Judged:
    """Return predictions of the labelled corpus' held-out rows by a newly trained network; ``report`` gets the fraction done."""

    def report_learning(fraction: float, _figures: dict[str, Any]) -> None:
        report(_VECTORS + (_NETWORK - _VECTORS) * fraction)

    vectors = train_vectors(corpora, recipe, folder, lambda fraction: report(_VECTORS * fraction))
    learned = learn(corpora, vectors, recipe, report_learning)
    rows = corpora.labelled.held_out_rows
    return Judged(
        corpora.labelled.labels[rows], predict_rows(learned.network, learned.encoded, rows + corpora.starts[-1])
    )
