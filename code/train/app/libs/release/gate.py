"""The gate: a published release is promoted only if it is no worse than the live one and fails no blocking check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libs.corpus import Corpus
from libs.evaluation import ScoredRows, choose_measure, compare, count_disagreements, mcnemar
from libs.release.files import Candidate
from libs.values.report import Figure
from sentiment.errors import KeyMissingError, ReleaseError
from sentiment.model.classifier import SERVING_FILES, Classifier
from sentiment.model.labels import THREE_CLASSES
from sentiment.release.fetching import fetch_release
from sentiment.release.promotion import TaggedCurrent
from sentiment.store import Store

_MOST_COMPARED: Final = 30_000  # rows for the live release to answer: enough for an interval of half a point


@dataclass(frozen=True)
class Gate:
    """How candidates are judged: against the live release of ``store``, fetched into the folder ``scratch``.

    ``tolerance``: how much accuracy (macro recall for three classes) a candidate may lose against it.
    """

    store: Store
    scratch: Path
    tolerance: float


class GateDecision(NamedTuple):
    """Whether a release is promoted, and why in one sentence."""

    promoted: bool
    reason: str


class LiveComparison(NamedTuple):
    """By how much a release is ahead of the live one in ``measure``, over ``rows`` held-out rows."""

    measure: str
    rows: int
    difference: Figure
    mcnemar_p: float


def decide_promotion(
    gate: Gate, candidate: Candidate, corpus: Corpus, held_out: ScoredRows, current: TaggedCurrent | None
) -> GateDecision:
    """Compare a candidate with the live release on ``held_out``, the candidate's predictions of ``corpus``' held-out rows.

    The first release goes live with its warnings. Later ones must fail no blocking check and lose no more than the
    tolerance. A live release that cannot be read is replaced.
    """
    if current is None:
        return GateDecision(promoted=True, reason="first valid release")
    if blocking := next((failed for failed in candidate.failed_checks if failed.blocks), None):
        return GateDecision(promoted=False, reason=blocking.warning)
    version = current.current.version
    try:
        classifier = Classifier(fetch_release(gate.store, version, gate.scratch / "current", SERVING_FILES))
    except (ReleaseError, KeyMissingError) as error:
        return GateDecision(promoted=True, reason=f"the current release cannot be read: {error.detail}")
    found = compare_with_live(classifier, corpus, held_out, candidate.manifest.seed)
    worse = found.difference.value < -gate.tolerance
    return GateDecision(not worse, _explain(found, version, gate.tolerance, worse=worse))


def compare_with_live(classifier: Classifier, corpus: Corpus, held_out: ScoredRows, seed: int) -> LiveComparison:
    """Return by how much ``held_out`` is ahead of ``classifier``, the live release, on the same rows of ``corpus``.

    Releases with different classes are compared by positive against negative, on the rows that are either.
    """
    rng = np.random.default_rng(seed)
    same = classifier.manifest.labels == corpus.classes
    polar = np.isin(held_out.labels, (0, held_out.classes - 1))
    places = np.arange(len(held_out.labels)) if same else np.flatnonzero(polar)
    if len(places) > _MOST_COMPARED:
        places = np.sort(rng.choice(places, _MOST_COMPARED, replace=False))
    texts = [corpus.texts[corpus.held_out_rows[place]] for place in places]
    labels = held_out.labels[places]
    live_right = _find_right(classifier, texts, corpus, labels, same=same)
    right = held_out.predicted == held_out.labels if same else (held_out.scores >= 0.5) == (held_out.labels > 0)
    measure = choose_measure(held_out.classes if same else 2)
    counts = count_disagreements(right[places], live_right, labels)
    difference = compare(counts, measure, rng)
    return LiveComparison(measure, len(places), difference, round(mcnemar(*counts[:, :2].sum(axis=0).tolist()), 5))


def _explain(found: LiveComparison, version: str, tolerance: float, *, worse: bool) -> str:
    ahead = found.difference
    return (
        f"{found.measure} {ahead.value:+.4f} ({ahead.low:+.4f} to {ahead.high:+.4f}) against {version} on {found.rows} "
        f"held-out rows, McNemar p {_format_p(found.mcnemar_p)}; {'over' if worse else 'within'} the tolerance of {tolerance}"
    )


def _format_p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _find_right(
    classifier: Classifier, texts: Sequence[Any], corpus: Corpus, labels: NDArray[np.int8], *, same: bool
) -> NDArray[np.bool_]:
    predictions = classifier.predict(texts)
    if same and len(corpus.classes) == len(THREE_CLASSES):
        return np.asarray(np.array([corpus.classes.index(one.label) for one in predictions]) == labels)
    return np.asarray(np.array([one.score >= 0.5 for one in predictions]) == (labels > 0))
