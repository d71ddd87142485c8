"""Write a release to the store, the manifest last: without a manifest there is no release to read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sentiment.errors import RaceLostError, ReleaseError
from sentiment.release.manifest import MANIFEST, Manifest, parse_manifest, require_version, verify_file
from sentiment.store import Store


def publish_release(store: Store, folder: Path, manifest: Manifest) -> None:
    """Upload the files that ``manifest`` lists from ``folder``, then create its manifest.

    A crash at any point leaves the store as it was to every reader. Raises ``ReleaseError``: ``file_missing`` or
    ``file_changed`` when ``folder`` is not what the manifest says, ``version_taken`` when the version exists.
    """
    prefix = release_prefix(manifest.version)
    for name, entry in manifest.files.items():
        verify_file(folder / name, entry, manifest.version)
    if any(key == prefix + MANIFEST for key in store.list_keys(prefix)):
        raise _taken(manifest.version)
    for name in manifest.files:
        store.upload(prefix + name, folder / name)
    try:
        store.create(prefix + MANIFEST, manifest.model_dump_json(indent=1).encode())
    except RaceLostError:
        raise _taken(manifest.version) from None


def read_manifest(store: Store, version: str) -> Manifest:
    """Return the manifest of a published release; ``KeyMissingError`` or ``ReleaseError`` when there is no such one."""
    return parse_manifest(store.read(release_prefix(version) + MANIFEST).data, version)


def list_versions(store: Store) -> Iterator[str]:
    """Yield the versions that are published, oldest name first."""
    for key in store.list_keys("models/"):
        parts = key.split("/")
        if len(parts) == 3 and parts[2] == MANIFEST:
            yield parts[1]


def release_prefix(version: str) -> str:
    """Return the key prefix of a release; ``ReleaseError("bad_version")`` when ``version`` is no plain name."""
    return f"models/{require_version(version)}/"


def _taken(version: str) -> ReleaseError:
    return ReleaseError(f"release {version} is already published and never changes", code="version_taken")
