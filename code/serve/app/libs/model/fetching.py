"""Step fetch: a release on this machine's disk, shared by all workers, and old ones removed."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentiment.errors import TransientError
from sentiment.model.classifier import SERVING_FILES
from sentiment.release.fetching import drop_other_releases
from sentiment.release.fetching import fetch_release as fetch_files
from sentiment.release.manifest import Release
from sentiment.service.locks import take_lock
from sentiment.store import Store

_LOCK = ".fetching.lock"


def fetch_release(store: Store, version: str, cache: Path) -> Release:
    """Return the release with the files that serving needs, each of them verified by its sha256.

    One process fetches at a time, so a release is downloaded once however many workers want it. Raises
    ``ReleaseError`` or ``KeyMissingError`` when the release cannot be trusted, ``TransientError`` when the store is down
    or the cache cannot be written.
    """
    with lock_cache(cache / _LOCK):
        release = fetch_files(store, version, cache, SERVING_FILES)
        os.utime(release.folder)
    return release


def drop_stale_releases(cache: Path, keep: set[str], untouched_seconds: float) -> None:
    """Remove cached releases but ``keep`` and those that another worker may still be loading, and interrupted fetches."""
    newest = time.time() - untouched_seconds
    with lock_cache(cache / _LOCK):
        for interrupted in cache.glob(".fetching-*"):
            shutil.rmtree(interrupted, ignore_errors=True)
        young = {folder.name for folder in cache.iterdir() if folder.stat().st_mtime >= newest}
        drop_other_releases(cache, keep | young)


@contextmanager
def lock_cache(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file in the cache; ``TransientError("cache_denied")`` when it cannot be written."""
    try:
        lock = take_lock(path)
    except OSError as error:
        raise TransientError(f"{path.parent} cannot be written: {error.strerror}", code="cache_denied") from error
    with lock:
        yield
