"""The gate between published and live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import make_corpus
from scored import make_report

from develop.fixtures.tiny_release import build_tiny_release, publish_tiny_release
from libs.evaluation import ScoredRows
from libs.release import Candidate, Gate, load_candidate, publish
from libs.release.files import write_report
from libs.values.checks import FailedCheck, ReleaseCheck
from libs.values.outcome import Outcome
from libs.values.report import Figure
from sentiment.model.classifier import Classifier
from sentiment.release.manifest import Release
from sentiment.release.promotion import CURRENT, promote_release, read_current, read_history
from sentiment.store import Store

CORPUS = make_corpus(2500)
NEGATION = FailedCheck(ReleaseCheck.BEHAVIOUR, "sentences that must hold do not: negation (1 of 9)")
FEW_ROWS = FailedCheck(ReleaseCheck.HELD_OUT_ROWS, "judged by only 12 rows")


def score_with(share_right: float) -> ScoredRows:
    """Return predictions that are right in that share of the held-out rows."""
    labels = CORPUS.labels[CORPUS.held_out_rows]
    predicted = np.where(np.arange(len(labels)) < share_right * len(labels), labels, 1 - labels)
    return ScoredRows(labels, np.eye(2, dtype=np.float32)[predicted])


def run_publish(
    store: Store,
    tmp_path: Path,
    share_right: float,
    tolerance: float = 0.005,
    failed_checks: tuple[FailedCheck, ...] = (),
) -> Outcome:
    warnings = tuple(check.warning for check in failed_checks)
    manifest = build_tiny_release(tmp_path / "v2", "v2", warnings=warnings)
    candidate = Candidate(manifest, tmp_path / "v2", failed_checks)
    gate = Gate(store, tmp_path, tolerance)
    return publish(candidate, CORPUS, score_with(share_right), gate, lambda _fraction, _figures: None)


def current_share_right(tmp_path: Path) -> float:
    classifier = Classifier(Release(build_tiny_release(tmp_path / "probe", "probe"), tmp_path / "probe"))
    rows = CORPUS.held_out_rows
    scores = np.array([one.score for one in classifier.predict([CORPUS.texts[row] for row in rows])])
    return float(((scores >= 0.5) == (CORPUS.labels[rows] == 1)).mean())


def test_the_first_release_goes_live_with_its_warnings_on_record(store: Store, tmp_path: Path) -> None:
    outcome = run_publish(store, tmp_path, 0.5, failed_checks=(FEW_ROWS, NEGATION))
    assert (outcome.promoted, outcome.reason) == (True, "first valid release")
    assert read_history(store)[-1].warnings == (FEW_ROWS.warning, NEGATION.warning)


@pytest.mark.parametrize(("change", "promoted"), [(+0.05, True), (0.0, True), (-0.05, False)])
def test_a_later_release_must_not_be_worse_on_the_same_rows(
    store: Store, tmp_path: Path, change: float, promoted: bool
) -> None:
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "first")
    outcome = run_publish(store, tmp_path, current_share_right(tmp_path) + change, tolerance=0.01)
    assert outcome.promoted is promoted
    assert "McNemar p" in outcome.reason
    current = read_current(store)
    assert current is not None
    assert current.current.version == ("v2" if promoted else "v1")
    line = read_history(store)[-1]
    assert (line.version, line.promoted, line.reason) == ("v2", promoted, outcome.reason)


def test_the_tolerance_is_a_setting(store: Store, tmp_path: Path) -> None:
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "first")
    assert run_publish(store, tmp_path, current_share_right(tmp_path) - 0.05, tolerance=0.1).promoted


def test_sentences_that_must_hold_keep_a_better_release_back(store: Store, tmp_path: Path) -> None:
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "first")
    outcome = run_publish(store, tmp_path, 1.0, failed_checks=(FEW_ROWS, NEGATION))
    assert not outcome.promoted
    assert outcome.reason == NEGATION.warning


def test_a_check_that_only_warns_keeps_no_release_back(store: Store, tmp_path: Path) -> None:
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "first")
    assert run_publish(store, tmp_path, 1.0, failed_checks=(FEW_ROWS,)).promoted


def test_the_decision_goes_by_the_check_and_not_by_the_words_of_its_warning(store: Store, tmp_path: Path) -> None:
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "first")
    worded = FailedCheck(ReleaseCheck.HELD_OUT_ROWS, NEGATION.warning)
    assert run_publish(store, tmp_path, 1.0, failed_checks=(worded,)).promoted


@pytest.mark.parametrize(("holds", "checks"), [(False, [ReleaseCheck.BEHAVIOUR]), (True, [])])
def test_a_candidate_built_by_another_process_has_its_failed_checks_from_its_report(
    tmp_path: Path, holds: bool, checks: list[ReleaseCheck]
) -> None:
    report = make_report(2)
    sound = {"ece": Figure(value=0.01, low=0, high=0.02), "score_bias": Figure(value=0, low=-0.01, high=0.01)}
    kinds = tuple(kind.model_copy(update={"holds": holds}) for kind in report.must_hold)
    write_report(report.model_copy(update={"metrics": report.metrics | sound, "must_hold": kinds}), tmp_path)
    candidate = load_candidate(build_tiny_release(tmp_path / "v2", "v2"), tmp_path)
    assert [failed.check for failed in candidate.failed_checks] == checks


def test_a_current_release_that_cannot_be_read_is_replaced(store: Store, tmp_path: Path) -> None:
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "first")
    store.write("models/v1/model.onnx", b"damaged")
    outcome = run_publish(store, tmp_path, 0.5)
    assert outcome.promoted
    assert "cannot be read" in outcome.reason


class Interfering:
    """A store in which somebody else promotes a release at the very moment of the first swap."""

    def __init__(self, store: Store, version: str) -> None:
        self._store, self._rival = store, version

    def __getattr__(self, name: str) -> Any:
        if name in ("create", "replace"):
            return self._swap(getattr(self._store, name))
        return getattr(self._store, name)

    def _swap(self, write: Any) -> Any:
        def first(key: str, *rest: Any) -> Any:
            if key == CURRENT and self._rival:
                rival, self._rival = self._rival, ""
                promote_release(self._store, rival, "in between")
            return write(key, *rest)

        return first


@pytest.mark.parametrize("first", [True, False])
def test_a_promotion_in_between_makes_the_gate_judge_anew(store: Store, tmp_path: Path, first: bool) -> None:
    """The rival is better than the candidate, which would have been promoted over what was live before, or nothing."""
    if not first:
        publish_tiny_release(store, "v0", bias=9.0)  # takes everything for POSITIVE
        promote_release(store, "v0", "first")
    publish_tiny_release(store, "v1")
    outcome = run_publish(Interfering(store, "v1"), tmp_path, current_share_right(tmp_path) - 0.1)  # type: ignore[arg-type]
    assert not outcome.promoted
    assert "against v1 on" in outcome.reason
    current = read_current(store)
    assert current is not None
    assert (current.current.version, current.current.reason) == ("v1", "in between")
    assert [line.promoted for line in read_history(store)][-2:] == [True, False]


def test_a_better_release_goes_live_over_the_one_that_came_in_between(store: Store, tmp_path: Path) -> None:
    publish_tiny_release(store, "v1")
    outcome = run_publish(Interfering(store, "v1"), tmp_path, 1.0)  # type: ignore[arg-type]
    assert outcome.promoted
    assert "against v1 on" in outcome.reason
    assert [(line.version, line.previous) for line in read_history(store)] == [("v1", None), ("v2", "v1")]


def test_the_gate_writes_no_p_of_zero(store: Store, tmp_path: Path) -> None:
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "first")
    assert "McNemar p < 0.001" in run_publish(store, tmp_path, 0.2).reason
