"""Step publish: the release into the store, then through the gate."""

from __future__ import annotations

import logging
from collections.abc import Callable
from resource import RUSAGE_SELF, getrusage
from typing import Any

from libs.corpus import Corpus
from libs.evaluation import ScoredRows
from libs.release.files import Candidate
from libs.release.gate import Gate, decide_promotion
from libs.values.outcome import Outcome
from sentiment.errors import RaceLostError
from sentiment.release.promotion import promote_release, read_current, record_refusal
from sentiment.release.publishing import publish_release

logger = logging.getLogger(__name__)


def publish(
    candidate: Candidate,
    corpus: Corpus,
    held_out: ScoredRows,
    gate: Gate,
    report: Callable[[float, dict[str, Any]], None],
) -> Outcome:
    """Publish, then promote or record why not; a promotion by somebody else in between makes the gate decide anew.

    ``held_out``: the candidate's predictions of the held-out rows of ``corpus``.
    """
    store, manifest = gate.store, candidate.manifest
    publish_release(store, candidate.folder, manifest)
    report(0.5, {"peak_memory_mib": getrusage(RUSAGE_SELF).ru_maxrss // 1024})
    while True:
        current = read_current(store)
        decision = decide_promotion(gate, candidate, corpus, held_out, current)
        if not decision.promoted:
            record_refusal(store, manifest.version, decision.reason)
            break
        try:
            promote_release(store, manifest.version, decision.reason, expected=current, warnings=manifest.warnings)
        except RaceLostError:
            continue
        break
    logger.info("judged", extra={"promoted": decision.promoted, "reason": decision.reason})
    return Outcome(manifest.version, decision.promoted, decision.reason, manifest.metrics, manifest.warnings)
