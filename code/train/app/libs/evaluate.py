"""The step from a trained network to evidence: every figure that is reported comes from rows it never learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from libs.evidence.measures import Judged, count_confusion, measure
from libs.network import predict_rows
from sentiment.labels import Thresholds

if TYPE_CHECKING:
    from libs.corpus import Corpora
    from libs.job import Job
    from libs.learning import Learned


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
    """Judge the network by the held-out rows."""
    corpus = corpora.labelled
    rows = corpus.held_out_rows
    judged = Judged(corpus.labels[rows], predict_rows(learned.network, learned.encoded, rows + learned.starts[-1]))
    report = {
        "classes": list(corpus.classes),
        "rows": {"training": len(corpus.training_rows), "held_out": len(rows)},
        "metrics": measure(judged, job.recipe.seed),
        "confusion": count_confusion(judged).tolist(),
        "histories": {name: history._asdict() for name, history in learned.histories.items()},
    }
    return Evaluation(judged, Thresholds(), "default", report)
