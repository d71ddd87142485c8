"""Step evaluate: measure the trained network on held-out rows, which it was never trained on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from libs.corpus import Corpora, as_columns
from libs.evaluation.curves import describe_curves, describe_learning
from libs.evaluation.measures import describe_classes, measure
from libs.evaluation.peer import describe_peer
from libs.evaluation.report import describe_data
from libs.evaluation.scored_rows import ScoredRows, count_confusion
from libs.evaluation.slices import describe_slices
from libs.network import TrainedNetwork, predict_rows
from libs.values.report import Figure, Report, RowCounts
from sentiment.model.labels import Thresholds

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluation:
    """What was measured: ``held_out`` are the labelled corpus' held-out rows, ``report`` becomes ``report.json``."""

    held_out: ScoredRows
    thresholds: Thresholds
    thresholds_source: str
    report: Report

    @property
    def metrics(self) -> dict[str, Any]:
        """The figures that go into the manifest and the run: name to value."""
        return {name: figure.value for name, figure in self.report.metrics.items()}


def evaluate(
    trained: TrainedNetwork, corpora: Corpora, seed: int, report: Callable[[float, dict[str, Any]], None]
) -> Evaluation:
    """Measure the network on the held-out rows, beside a peer trained on the same rows; describe the data.

    ``report`` gets the fraction of the stage that is done, and figures.
    """
    corpus, split = corpora.labelled, corpora.splits[-1]
    held_out = _score_held_out(trained, corpora, len(corpora.all) - 1)
    report(0.1, {})
    texts = [corpus.texts[row] for row in corpus.held_out_rows]
    topics = [corpus.topics[row] for row in corpus.held_out_rows] if corpus.topics else None
    metrics = measure(held_out, seed) | _measure_distant(trained, corpora, seed)
    by_class = describe_classes(held_out, corpus.classes, seed)
    curves = describe_curves(held_out, seed)
    slices = describe_slices(held_out, texts, topics, seed)
    histories = {name: describe_learning(history, seed) for name, history in trained.histories.items()}
    data = tuple(describe_data(one) for one in corpora.all)
    report(0.3, {})
    rows = split.chosen
    peer = describe_peer([corpus.texts[row] for row in rows], corpus.labels[rows], texts, held_out, seed)
    report(0.6, {"peer_accuracy": peer.accuracy.value})
    logger.info("evaluated", extra={name: figure.value for name, figure in metrics.items()})
    found = Report(
        classes=corpus.classes,
        rows=RowCounts(training=sum(len(one.chosen) for one in corpora.splits), held_out=len(texts)),
        metrics=metrics,
        confusion=tuple(tuple(line) for line in count_confusion(held_out).tolist()),
        by_class=by_class,
        curves=curves,
        slices=slices,
        histories=histories,
        data=data,
        peer=peer,
    )
    if trained.thresholds is not None:
        return Evaluation(held_out, trained.thresholds, "fitted on labelled neutrals", found)
    return Evaluation(held_out, Thresholds(), "default", found)


def _score_held_out(trained: TrainedNetwork, corpora: Corpora, place: int) -> ScoredRows:
    rows = corpora.all[place].held_out_rows
    probabilities = predict_rows(trained.network, trained.encoded, rows + corpora.starts[place])
    return ScoredRows(as_columns(corpora.all[place], probabilities.shape[1])[rows], probabilities)


def _measure_distant(trained: TrainedNetwork, corpora: Corpora, seed: int) -> dict[str, Figure]:
    """Return the polar accuracy on the distant corpus' held-out rows, if there is one."""
    if corpora.distant is None:
        return {}
    figures = measure(_score_held_out(trained, corpora, 0), seed)
    return {"distant_polar_accuracy": figures.get("polar_accuracy", figures["accuracy"])}
