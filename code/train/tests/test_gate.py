"""The gate between published and live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import make_corpus
from develop.fixtures.tiny_release import build_tiny_release, publish_tiny_release

from libs.corpus.corpora import Corpora
from libs.dataset import parse_datasets
from libs.evaluation.evaluate import Evaluation
from libs.evaluation.measures import Judged
from libs.release.gate import mcnemar
from libs.release.publish import publish
from libs.runs.job import Job
from libs.service.settings import TrainSettings
from libs.values.progress import Progress
from libs.values.recipe import Recipe
from sentiment.model.classifier import Classifier
from sentiment.model.labels import Thresholds
from sentiment.release.manifest import Release
from sentiment.release.promotion import CURRENT, promote_release, read_current, read_history
from sentiment.store import Store

CORPUS = make_corpus(2500)


def make_job(store: Store, folder: Path, tolerance: float = 0.005) -> Job:
    settings = TrainSettings(store_url=store.url, dataset_url="sample", gate_tolerance=tolerance)
    progress = Progress()
    progress.enter("publish")
    return Job("v2", settings, parse_datasets("sample"), None, Recipe(), store, folder, progress)


def evaluate_with(share_right: float) -> Evaluation:
    """Return an evaluation that is right in that share of the held-out rows."""
    labels = CORPUS.labels[CORPUS.held_out_rows]
    said = np.where(np.arange(len(labels)) < share_right * len(labels), labels, 1 - labels)
    judged = Judged(labels, np.eye(2, dtype=np.float32)[said])
    return Evaluation(judged, Thresholds(), "default", {"metrics": {}})


def run_publish(store: Store, tmp_path: Path, share_right: float, tolerance: float = 0.005, **changes: Any) -> Any:
    manifest = build_tiny_release(tmp_path / "v2", "v2", **changes)
    return publish(
        make_job(store, tmp_path, tolerance), manifest, tmp_path / "v2", Corpora(CORPUS), evaluate_with(share_right)
    )


def current_share_right(tmp_path: Path) -> float:
    classifier = Classifier(Release(build_tiny_release(tmp_path / "probe", "probe"), tmp_path / "probe"))
    rows = CORPUS.held_out_rows
    scores = np.array([one.score for one in classifier.predict([CORPUS.texts[row] for row in rows])])
    return float(((scores >= 0.5) == (CORPUS.labels[rows] == 1)).mean())


def test_the_first_release_goes_live_with_its_warnings_on_record(store: Store, tmp_path: Path) -> None:
    outcome = run_publish(store, tmp_path, 0.5, warnings=("judged by only 12 rows",))
    assert (outcome.promoted, outcome.reason) == (True, "first valid release")
    assert read_history(store)[-1].warnings == ("judged by only 12 rows",)


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
    outcome = run_publish(store, tmp_path, 1.0, warnings=("sentences that must hold do not: negation (1 of 9)",))
    assert not outcome.promoted
    assert "negation (1 of 9)" in outcome.reason


def test_a_current_release_that_cannot_be_read_is_replaced(store: Store, tmp_path: Path) -> None:
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "first")
    store.write("models/v1/model.onnx", b"damaged")
    outcome = run_publish(store, tmp_path, 0.5)
    assert outcome.promoted
    assert "cannot be read" in outcome.reason


def test_mcnemars_p_is_scipys() -> None:
    from scipy.stats import binomtest

    for ours, theirs in ((0, 0), (5, 5), (1, 9), (40, 60), (300, 400)):
        expected = 1.0 if ours + theirs == 0 else binomtest(ours, ours + theirs).pvalue
        assert mcnemar(ours, theirs) == pytest.approx(expected)
    assert mcnemar(700, 800) == pytest.approx(binomtest(700, 1500).pvalue, abs=1e-3)


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
