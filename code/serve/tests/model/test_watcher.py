"""A good release is swapped in, a bad one is refused and the old one keeps answering."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from releases import SPOILERS, force_current, publish_spoiled

from develop.fixtures.tiny_release import publish_tiny_release
from libs.model.live import LiveModel
from libs.model.watcher import ReleaseWatcher
from libs.service.settings import ServeSettings
from main import load_release
from sentiment.errors import TransientError
from sentiment.release.promotion import CURRENT, promote_release, roll_back
from sentiment.store import Store
from sentiment.text.cleaning import clean


@pytest.fixture
def empty() -> LiveModel:
    return LiveModel()


@pytest.fixture
def watcher(store: Store, settings: ServeSettings, empty: LiveModel) -> ReleaseWatcher:
    return ReleaseWatcher(store, settings, empty, load_release)


def promote(store: Store, version: str, bias: float = 0.0) -> None:
    publish_tiny_release(store, version, bias=bias)
    promote_release(store, version, "test")


def test_an_empty_store_is_no_mistake_and_the_first_release_is_found(
    store: Store, watcher: ReleaseWatcher, empty: LiveModel
) -> None:
    watcher.look()
    assert empty.version is None
    assert empty.list_obstacles() == ["no release is live yet"]
    with pytest.raises(TransientError):
        empty.require_classifier()
    promote(store, "v1")
    watcher.look()
    assert empty.version == "v1"
    assert empty.list_obstacles() == []


def test_promotion_and_rollback_are_followed(store: Store, watcher: ReleaseWatcher, empty: LiveModel) -> None:
    promote(store, "v1")
    watcher.look()
    promote(store, "v2", bias=1.0)
    watcher.look()
    assert empty.version == "v2"
    assert empty.require_classifier().predict([clean("")])[0].score == pytest.approx(0.73106)
    roll_back(store, "test")
    watcher.look()
    assert empty.version == "v1"


def test_who_holds_the_old_classifier_may_finish_on_it(store: Store, watcher: ReleaseWatcher, empty: LiveModel) -> None:
    promote(store, "v1")
    watcher.look()
    held = empty.require_classifier()
    promote(store, "v2", bias=1.0)
    watcher.look()
    assert held.predict([clean("")])[0].score == 0.5


@pytest.mark.parametrize("kind", SPOILERS)
def test_a_bad_release_is_refused_shown_and_the_old_one_stays(
    store: Store, settings: ServeSettings, empty: LiveModel, kind: str
) -> None:
    watcher = ReleaseWatcher(store, settings.model_copy(update={"model_load_seconds": 3.0}), empty, load_release)
    promote(store, "good")
    watcher.look()
    code = publish_spoiled(store, "bad", kind)
    force_current(store, "bad")
    watcher.look()
    assert empty.version == "good"
    assert empty.list_obstacles() == []
    assert empty.refusal is not None
    assert (empty.refusal.version, empty.refusal.code) == ("bad", code)
    refused = empty.describe()["refused"]
    assert refused["detail"]
    promote(store, "better", bias=1.0)
    watcher.look()
    assert (empty.version, empty.refusal) == ("better", None)


def test_a_refused_release_is_not_tried_at_every_look_but_at_once_when_promoted_anew(
    store: Store, watcher: ReleaseWatcher, empty: LiveModel
) -> None:
    promote(store, "good")
    watcher.look()
    publish_tiny_release(store, "slow")
    network = store.read("models/slow/model.onnx").data
    store.delete("models/slow/model.onnx")
    force_current(store, "slow")
    watcher.look()
    first = empty.refusal
    assert first is not None
    store.write("models/slow/model.onnx", network)
    watcher.look()
    assert empty.refusal is first
    force_current(store, "slow")
    watcher.look()
    assert (empty.version, empty.refusal) == ("slow", None)


def test_a_worker_that_starts_on_a_bad_release_serves_the_last_good_one(
    store: Store, watcher: ReleaseWatcher, empty: LiveModel
) -> None:
    promote(store, "old")
    promote(store, "good", bias=1.0)
    publish_spoiled(store, "bad", "a changed byte")
    publish_spoiled(store, "worse", "an unknown format")
    promote_release(store, "bad", "test")
    force_current(store, "worse")
    watcher.look()
    assert empty.version == "good"
    assert empty.refusal is not None
    assert empty.refusal.version == "worse"


def test_a_pointer_that_cannot_be_read_is_refused(store: Store, watcher: ReleaseWatcher, empty: LiveModel) -> None:
    promote(store, "v1")
    watcher.look()
    store.write(CURRENT, b"{")
    watcher.look()
    assert empty.version == "v1"
    assert empty.refusal is not None
    assert empty.refusal.code == "bad_current"


def test_a_store_that_is_away_is_shown_and_costs_nothing(
    store: Store, watcher: ReleaseWatcher, empty: LiveModel, tmp_path: Path
) -> None:
    promote(store, "v1")
    watcher.look()
    current = tmp_path / "store" / CURRENT
    current.unlink()
    current.mkdir()
    (current / "x").touch()
    (tmp_path / "store" / "models").rename(tmp_path / "away")
    (tmp_path / "store" / "models").write_text("in the way")
    watcher.look()
    assert empty.version == "v1"
    assert empty.store_problem
    assert empty.list_obstacles() == []


def test_a_changed_byte_in_the_cache_is_fetched_again(
    store: Store, settings: ServeSettings, watcher: ReleaseWatcher, empty: LiveModel
) -> None:
    promote(store, "v1")
    watcher.look()
    (settings.release_cache / "v1" / "model.onnx").write_bytes(b"rotten")
    fresh = LiveModel()
    ReleaseWatcher(store, settings, fresh, load_release).look()
    assert fresh.version == "v1"


def test_the_cache_keeps_what_is_live_and_what_was_live_before(
    store: Store, settings: ServeSettings, empty: LiveModel
) -> None:
    watcher = ReleaseWatcher(store, settings.model_copy(update={"model_load_seconds": 30.0}), empty, load_release)
    for version in ("v1", "v2", "v3", "v4"):
        promote(store, version)
        for folder in settings.release_cache.glob("v*"):
            os.utime(folder, (0, 0))
        watcher.look()
    assert sorted(path.name for path in settings.release_cache.glob("v*")) == ["v3", "v4"]
