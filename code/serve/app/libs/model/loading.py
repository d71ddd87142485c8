"""fetch → verify → load → warm: a release becomes a classifier that may answer."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from libs.model.locks import lock_file
from sentiment.model.classifier import SERVING_FILES, Classifier, load_classifier
from sentiment.release.fetching import drop_other_releases, fetch_release
from sentiment.store import Store
from sentiment.text.cleaning import clean

_LOCK = ".fetching.lock"
_WARMING = [clean("warm words before the first request")] * 64


def load_release(store: Store, version: str, cache: Path) -> Classifier:
    """Return a classifier of the release, every byte verified, its golden predictions replayed, its memory touched.

    One process fetches at a time, so a release is downloaded once however many workers want it. Raises
    ``ReleaseError`` or ``KeyMissingError`` when the release cannot be trusted, ``TransientError`` when the store is down.
    """
    with lock_file(cache / _LOCK):
        release = fetch_release(store, version, cache, SERVING_FILES)
        os.utime(release.folder)
    classifier = load_classifier(release)
    for size in (1, len(_WARMING)):  # the two shapes that requests come in
        classifier.predict(_WARMING[:size])
    return classifier


def drop_stale_releases(cache: Path, keep: set[str], untouched_seconds: float) -> None:
    """Remove cached releases but ``keep`` and those that another worker may still be loading, and broken-off fetches."""
    newest = time.time() - untouched_seconds
    with lock_file(cache / _LOCK):
        for broken_off in cache.glob(".fetching-*"):
            shutil.rmtree(broken_off, ignore_errors=True)
        young = {folder.name for folder in cache.iterdir() if folder.stat().st_mtime >= newest}
        drop_other_releases(cache, keep | young)
