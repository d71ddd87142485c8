"""The gate: a published release becomes the live one only if it is no worse, and keeps what must hold."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, erfc, sqrt
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libs.corpus.corpora import Corpus
from libs.evaluation.evaluate import Evaluation
from libs.evaluation.must_hold import find_failing
from libs.evaluation.paired import choose_measure, compare, count_disagreements
from libs.runs.job import Job
from sentiment.errors import KeyMissingError, ReleaseError
from sentiment.model.classifier import SERVING_FILES, Classifier
from sentiment.model.labels import THREE_CLASSES
from sentiment.release.fetching import fetch_release
from sentiment.release.manifest import Manifest
from sentiment.release.promotion import TaggedCurrent

_MOST_COMPARED: Final = 30_000  # rows for the current release to answer: enough for an interval of half a point


class Verdict(NamedTuple):
    """Whether the release may go live, and why in one sentence."""

    promoted: bool
    reason: str
    comparison: dict[str, Any]


def judge_release(
    job: Job, manifest: Manifest, corpus: Corpus, evaluation: Evaluation, current: TaggedCurrent | None
) -> Verdict:
    """Compare with the current release on the same held-out rows.

    The first release goes live with its warnings. Later ones must keep what must hold, and may lose at most
    GATE_TOLERANCE (accuracy; macro recall for three classes). A current release that cannot be read is replaced.
    """
    if current is None:
        return Verdict(promoted=True, reason="first valid release", comparison={})
    if failing := find_failing(manifest.warnings):
        return Verdict(promoted=False, reason=failing, comparison={})
    version = current.current.version
    try:
        release = fetch_release(job.store, version, job.folder / "current", SERVING_FILES)
        classifier = Classifier(release)
    except (ReleaseError, KeyMissingError) as error:
        return Verdict(promoted=True, reason=f"the current release cannot be read: {error.detail}", comparison={})
    comparison = compare_releases(classifier, corpus, evaluation, job.recipe.seed)
    lost = comparison["difference"]["value"] < -job.settings.gate_tolerance
    found = "{value:+.4f} ({low:+.4f} to {high:+.4f})".format(**comparison["difference"])
    reason = (
        f"{comparison['measure']} {found} against {version} on {comparison['rows']} held-out rows, McNemar p "
        f"{_show_p(comparison['mcnemar_p'])}; {'over' if lost else 'within'} the tolerance of {job.settings.gate_tolerance}"
    )
    return Verdict(not lost, reason, comparison | {"current": version})


def compare_releases(classifier: Classifier, corpus: Corpus, evaluation: Evaluation, seed: int) -> dict[str, Any]:
    """Return the difference between the new release and ``classifier`` on the same held-out rows, with its interval.

    Releases with different classes are compared by telling positive from negative on the rows that are either.
    """
    rng = np.random.default_rng(seed)
    judged = evaluation.judged
    same = classifier.manifest.labels == corpus.classes
    places = np.arange(len(judged.labels)) if same else np.flatnonzero(np.isin(judged.labels, (0, judged.classes - 1)))
    if len(places) > _MOST_COMPARED:
        places = np.sort(rng.choice(places, _MOST_COMPARED, replace=False))
    texts = [corpus.texts[corpus.held_out_rows[place]] for place in places]
    labels = judged.labels[places]
    theirs = _answer(classifier, texts, corpus, labels, same=same)
    polar = (judged.scores >= 0.5) == (judged.labels > 0)
    ours = (judged.predicted == judged.labels)[places] if same else polar[places]
    measure = choose_measure(judged.classes if same else 2)
    counts = count_disagreements(ours, theirs, labels)
    return {
        "measure": measure,
        "rows": len(places),
        "difference": compare(counts, measure, rng),
        "mcnemar_p": round(mcnemar(*counts[:, :2].sum(axis=0).tolist()), 5),
    }


def mcnemar(only_ours: int, only_theirs: int) -> float:
    """Return the two-sided exact p of McNemar's test (1947); beyond 1,000 disagreements its normal form with continuity."""
    total = only_ours + only_theirs
    if total == 0:
        return 1.0
    if total > 1000:
        return float(erfc(max(abs(only_ours - only_theirs) - 1, 0) / sqrt(total) / sqrt(2)))
    tail = sum(comb(total, k) for k in range(min(only_ours, only_theirs) + 1)) / 2**total
    return float(min(1.0, 2 * tail))


def _show_p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _answer(
    classifier: Classifier, texts: Sequence[Any], corpus: Corpus, labels: NDArray[np.int8], *, same: bool
) -> NDArray[np.bool_]:
    predictions = classifier.predict(texts)
    if same and len(corpus.classes) == len(THREE_CLASSES):
        return np.asarray(np.array([corpus.classes.index(one.label) for one in predictions]) == labels)
    return np.asarray(np.array([one.score >= 0.5 for one in predictions]) == (labels > 0))
