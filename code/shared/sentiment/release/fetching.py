"""Download a release from the store to this machine's disk, every byte verified."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from sentiment.errors import KeyMissingError, ReleaseError
from sentiment.release.manifest import Manifest, Release, verify_file
from sentiment.release.publishing import read_manifest, release_prefix
from sentiment.store import Store


def fetch_release(store: Store, version: str, cache: Path, files: Iterable[str] | None = None) -> Release:
    """Return the release ``version`` in ``cache/<version>``, downloaded if need be and verified in any case.

    ``files`` limits the download to what the reader needs (serve has no use for the Keras file); None means all.
    A copy on disk that fails its check is thrown away and fetched once more. Raises ``ReleaseError`` when the store's
    own copy is wrong, ``KeyMissingError`` when there is no such release, ``TransientError`` when the store is down.
    """
    manifest = read_manifest(store, version)
    names = sorted(manifest.files if files is None else set(files))
    folder = cache / version
    if folder.is_dir():
        try:
            return _verified(manifest, folder, names)
        except ReleaseError:
            shutil.rmtree(folder, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetching-") as temporary:
        _download(store, version, names, Path(temporary))
        _verified(manifest, Path(temporary), names)
        _move(Path(temporary), folder)
    return Release(manifest, folder)


def drop_other_releases(cache: Path, keep: set[str]) -> None:
    """Remove cached releases but those named, so that a disk does not fill over a year of weekly releases."""
    for folder in cache.iterdir() if cache.is_dir() else ():
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in keep:
            shutil.rmtree(folder, ignore_errors=True)


def _download(store: Store, version: str, names: list[str], folder: Path) -> None:
    for name in names:
        try:
            store.download(release_prefix(version) + name, folder / name)
        except KeyMissingError:
            raise ReleaseError(f"release {version}: {name} is missing in the store", code="file_missing") from None


def _verified(manifest: Manifest, folder: Path, names: list[str]) -> Release:
    for name in names:
        if name not in manifest.files:
            raise ReleaseError(f"release {manifest.version} has no file {name}", code="file_missing")
        verify_file(folder / name, manifest.files[name], manifest.version)
    return Release(manifest, folder)


def _move(temporary: Path, folder: Path) -> None:
    # Several workers may fetch the same release at once: the first rename wins, the others' copies are the same bytes.
    folder.mkdir(exist_ok=True)
    for path in temporary.iterdir():
        path.replace(folder / path.name)
