"""``python main.py compare``: every feature recipe is trained on the same rows and evaluated on the same held-out rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from libs.corpus import Corpora
from libs.evaluation import ScoredRows, choose_measure, compare, count_disagreements, measure
from libs.experiments.attempt import attempt
from libs.experiments.feature_recipes import (
    average_vectors,
    count_words,
    make_classifier,
    weigh_words,
    weigh_words_and_letters,
)
from libs.values.recipe import Recipe

NETWORK: Final = "Word2Vec network"


class Contest(NamedTuple):
    """What every recipe is given: the corpora, a run's hyperparameters (seed and rows count for all), scratch space."""

    corpora: Corpora
    recipe: Recipe
    folder: Path


def compare_recipes(contest: Contest, report: Callable[[str, float], None]) -> dict[str, Any]:
    """Train and evaluate every recipe; return the comparison as it is written to ``comparison.json``.

    ``report`` is called with the recipe that trains and the fraction of all that is done. Each recipe has its measures
    with 95 % intervals, the seconds it took, and ``network_ahead``: by how much the network is ahead on the same rows in
    ``measure`` (accuracy; macro recall for three classes), with the interval of a paired bootstrap.
    """
    contenders = list_contenders()
    judged: dict[str, ScoredRows] = {}
    seconds: dict[str, float] = {}
    for place, (name, judge) in enumerate(contenders.items()):

        def report_fraction(fraction: float, name: str = name, place: int = place) -> None:
            report(name, (place + fraction) / len(contenders))

        report_fraction(0.0)
        began = time.monotonic()
        judged[name] = judge(contest, report_fraction)
        seconds[name] = round(time.monotonic() - began, 2)
    report("done", 1.0)
    return _describe(contest, judged, seconds)


def list_contenders() -> dict[str, Callable[[Contest, Callable[[float], None]], ScoredRows]]:
    """Return the recipes from the simplest to the product's own."""
    return {
        "bag of words": lambda contest, _: _judge(contest, count_words()),
        "TF-IDF (1,2)": lambda contest, _: _judge(contest, weigh_words()),
        "TF-IDF words and letters": lambda contest, _: _judge(contest, weigh_words_and_letters()),
        "Word2Vec averaged": lambda contest, _: _judge(contest, average_vectors(*contest)),
        NETWORK: lambda contest, report: attempt(contest.corpora, contest.recipe, contest.folder, report),
    }


def _judge(contest: Contest, features: Any) -> ScoredRows:
    corpus = contest.corpora.labelled
    training, held_out = contest.corpora.splits[-1].chosen, corpus.held_out_rows
    classifier = make_classifier(len(corpus.classes))
    classifier.fit(features.fit_transform([corpus.texts[row] for row in training]), corpus.labels[training])
    probabilities = classifier.predict_proba(features.transform([corpus.texts[row] for row in held_out]))
    return ScoredRows(corpus.labels[held_out], np.asarray(probabilities, dtype=np.float32))


def _describe(contest: Contest, judged: dict[str, ScoredRows], seconds: dict[str, float]) -> dict[str, Any]:
    corpus, seed = contest.corpora.labelled, contest.recipe.seed
    right = {name: one.predicted == one.labels for name, one in judged.items()}
    rng = np.random.default_rng(seed)
    measure_name = choose_measure(len(corpus.classes))

    def ahead(name: str) -> dict[str, float] | None:
        if name == NETWORK:
            return None
        counts = count_disagreements(right[NETWORK], right[name], judged[name].labels)
        return compare(counts, measure_name, rng).model_dump()

    return {
        "datasets": [{"name": one.name, "sha256": one.sha256} for one in contest.corpora.all],
        "classes": list(corpus.classes),
        "rows": {"training": len(contest.corpora.splits[-1].chosen), "held_out": len(corpus.held_out_rows)},
        "parameters": contest.recipe.model_dump(),
        "measure": measure_name,
        "recipes": [
            {
                "name": name,
                "seconds": seconds[name],
                "metrics": {measured: figure.model_dump() for measured, figure in measure(one, seed).items()},
                "network_ahead": ahead(name),
            }
            for name, one in judged.items()
        ],
    }
