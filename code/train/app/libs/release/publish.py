"""The last step: the release into the store, then through the gate."""

from __future__ import annotations

import logging
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from libs.corpus.corpora import Corpora
from libs.evaluation.evaluate import Evaluation
from libs.release.gate import Verdict, judge_release
from libs.runs.job import Job, Outcome
from sentiment.errors import RaceLostError
from sentiment.release.manifest import Manifest
from sentiment.release.promotion import promote_release, read_current, record_refusal
from sentiment.release.publishing import publish_release

logger = logging.getLogger(__name__)


def publish(job: Job, manifest: Manifest, folder: Path, corpora: Corpora, evaluation: Evaluation) -> Outcome:
    """Publish, then promote or record why not; somebody's promotion in between makes the gate judge anew."""
    publish_release(job.store, folder, manifest)
    job.progress.advance(0.5, {"peak_memory_mib": getrusage(RUSAGE_SELF).ru_maxrss // 1024})
    while True:
        current = read_current(job.store)
        verdict = judge_release(job, manifest, corpora.labelled, evaluation, current)
        if not verdict.promoted:
            record_refusal(job.store, manifest.version, verdict.reason)
            break
        try:
            promote_release(job.store, manifest.version, verdict.reason, expected=current, warnings=manifest.warnings)
        except RaceLostError:
            continue
        break
    logger.info("judged", extra={"promoted": verdict.promoted, "reason": verdict.reason})
    return _conclude(manifest, verdict)


def _conclude(manifest: Manifest, verdict: Verdict) -> Outcome:
    return Outcome(manifest.version, verdict.promoted, verdict.reason, manifest.metrics, manifest.warnings)
