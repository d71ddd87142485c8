"""The cache of releases on this machine: shared, cleaned up, and refused in words when it cannot be written."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from develop.fixtures.tiny_release import publish_tiny_release
from libs.model.fetching import drop_stale_releases, fetch_release, lock_cache
from libs.model.loading import load_in_time
from libs.service.settings import ServeSettings
from sentiment.errors import ReleaseError, TransientError
from sentiment.model.classifier import SERVING_FILES, Classifier
from sentiment.store import Store


def test_only_what_serving_needs_is_fetched(store: Store, tmp_path: Path) -> None:
    publish_tiny_release(store, "v1")
    release = fetch_release(store, "v1", tmp_path / "cache")
    assert {path.name for path in release.folder.iterdir()} == set(SERVING_FILES)


def test_old_releases_and_interrupted_fetches_go_and_young_ones_stay(store: Store, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for version in ("old", "kept", "young"):
        publish_tiny_release(store, version)
        fetch_release(store, version, cache)
    (cache / ".fetching-x").mkdir()
    for version in ("old", "kept"):
        os.utime(cache / version, (0, 0))
    drop_stale_releases(cache, {"kept"}, untouched_seconds=60)
    assert sorted(path.name for path in cache.iterdir() if path.is_dir()) == ["kept", "young"]


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(TransientError, match="file cannot be written") as denied,
        lock_cache(tmp_path / "file" / "lock"),
    ):
        pass
    assert denied.value.code == "cache_denied"


def test_a_first_load_that_takes_too_long_is_given_up(store: Store, settings: ServeSettings) -> None:
    def load_slowly(_store: Store, _version: str, _cache: Path) -> Classifier:
        time.sleep(10)
        raise AssertionError

    hasty = settings.model_copy(update={"model_load_seconds": 0.1})
    with pytest.raises(ReleaseError, match=r"release v1 was not ready after 0\.1 s") as late:
        load_in_time(load_slowly, store, "v1", hasty)
    assert late.value.code == "load_timeout"


def test_a_failure_of_the_first_load_comes_out_as_it_is(store: Store, settings: ServeSettings) -> None:
    def refuse(_store: Store, version: str, _cache: Path) -> Classifier:
        raise ReleaseError(f"release {version} is wrong", code="file_changed")

    with pytest.raises(ReleaseError, match="v1 is wrong") as refused:
        load_in_time(refuse, store, "v1", settings)
    assert refused.value.code == "file_changed"
