"""Train vectors and network by a recipe and predict the held-out rows; no report and no release."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from libs.corpus import Corpora
from libs.evaluation import ScoredRows
from libs.network import predict_rows, train_network
from libs.values.recipe import Recipe
from libs.vectors import train_vectors

_VECTORS, _NETWORK = 0.25, 0.97  # of the time is over when each is done, as on Sentiment140


def attempt(corpora: Corpora, recipe: Recipe, folder: Path, report: Callable[[float], None]) -> ScoredRows:
    """Return predictions of the labelled corpus' held-out rows by a newly trained network; ``report`` gets the fraction done."""

    def report_learning(fraction: float, _figures: dict[str, Any]) -> None:
        report(_VECTORS + (_NETWORK - _VECTORS) * fraction)

    vectors = train_vectors(corpora, recipe, folder, lambda fraction: report(_VECTORS * fraction))
    trained = train_network(corpora, vectors, recipe, report_learning)
    rows = corpora.labelled.held_out_rows
    return ScoredRows(
        corpora.labelled.labels[rows], predict_rows(trained.network, trained.encoded, rows + corpora.starts[-1])
    )
