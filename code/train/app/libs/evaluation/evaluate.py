"""The step from a trained network to evidence: every figure that is reported comes from rows it never learnt from."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from libs.corpus.choice import choose_rows
from libs.corpus.corpora import Corpora, as_columns
from libs.evaluation.classes import describe_classes
from libs.evaluation.curves import describe_curves, describe_learning
from libs.evaluation.measures import Judged, count_confusion, measure
from libs.evaluation.peer import describe_peer
from libs.evaluation.report.data_report import describe_data
from libs.evaluation.slices import describe_slices
from libs.network.learning import Learned
from libs.network.network import predict_rows
from libs.runs.job import Job
from sentiment.model.labels import Thresholds

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluation:
    """What was found: ``judged`` are the held-out rows of the labelled corpus, ``report`` becomes ``report.json``."""

    judged: Judged
    thresholds: Thresholds
    thresholds_source: str
    report: dict[str, Any]

    @property
    def metrics(self) -> dict[str, Any]:
        """The figures that go into the manifest and the run: name to value."""
        return {name: figure["value"] for name, figure in self.report["metrics"].items()}


def evaluate(learned: Learned, corpora: Corpora, job: Job) -> Evaluation:
    """Judge the network by the held-out rows: measures, curves, slices, a peer trained on the same rows, the data."""
    corpus, seed = corpora.labelled, job.recipe.seed
    judged = _judge(learned, corpora, len(corpora.all) - 1)
    job.progress.advance(0.1)
    texts = [corpus.texts[row] for row in corpus.held_out_rows]
    topics = [corpus.topics[row] for row in corpus.held_out_rows] if corpus.topics else None
    learnt = choose_rows(corpus, job.recipe)
    report = {
        "classes": list(corpus.classes),
        "rows": {"training": sum(len(choose_rows(one, job.recipe)) for one in corpora.all), "held_out": len(texts)},
        "metrics": measure(judged, seed) | _judge_distant(learned, corpora, seed),
        "confusion": count_confusion(judged).tolist(),
        "by_class": describe_classes(judged, corpus.classes, seed),
        "curves": describe_curves(judged, seed),
        "slices": describe_slices(judged, texts, topics, seed),
        "histories": {name: describe_learning(history, seed) for name, history in learned.histories.items()},
        "data": [describe_data(one) for one in corpora.all],
    }
    job.progress.advance(0.3)
    report["peer"] = describe_peer([corpus.texts[row] for row in learnt], corpus.labels[learnt], texts, judged, seed)
    job.progress.advance(0.6, {"peer_accuracy": report["peer"]["accuracy"]["value"]})
    logger.info("evaluated", extra={name: figure["value"] for name, figure in report["metrics"].items()})
    if learned.thresholds is not None:
        return Evaluation(judged, learned.thresholds, "fitted on labelled neutrals", report)
    return Evaluation(judged, Thresholds(), "default", report)


def _judge(learned: Learned, corpora: Corpora, place: int) -> Judged:
    rows = corpora.all[place].held_out_rows
    probabilities = predict_rows(learned.network, learned.encoded, rows + corpora.starts[place])
    return Judged(as_columns(corpora.all[place], probabilities.shape[1])[rows], probabilities)


def _judge_distant(learned: Learned, corpora: Corpora, seed: int) -> dict[str, dict[str, float]]:
    """Return the polar accuracy on the rows with emoticon labels that were held out, if there are any."""
    if corpora.distant is None:
        return {}
    figures = measure(_judge(learned, corpora, 0), seed)
    return {"distant_polar_accuracy": figures.get("polar_accuracy", figures["accuracy"])}
