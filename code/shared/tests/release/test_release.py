"""Releases: published whole or not at all, fetched whole or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from develop.fixtures.tiny_release import build_tiny_release, publish_tiny_release
from sentiment.errors import KeyMissingError, ReleaseError, TransientError
from sentiment.release.fetching import drop_other_releases, fetch_release
from sentiment.release.manifest import MANIFEST, ONNX_NETWORK, VOCABULARY, new_version, parse_manifest
from sentiment.release.publishing import list_versions, publish_release, read_manifest
from sentiment.store import Store


def test_a_published_release_comes_back_byte_for_byte(store: Store, tmp_path: Path) -> None:
    manifest = build_tiny_release(tmp_path / "made", "v1")
    publish_release(store, tmp_path / "made", manifest)
    release = fetch_release(store, "v1", tmp_path / "cache")
    assert release.manifest == manifest
    assert list(list_versions(store)) == ["v1"]
    for name in manifest.files:
        assert (release.folder / name).read_bytes() == (tmp_path / "made" / name).read_bytes()


def test_a_version_is_never_published_twice(store: Store) -> None:
    first = publish_tiny_release(store, "v1")
    with pytest.raises(ReleaseError) as refusal:
        publish_tiny_release(store, "v1", bias=1.0)
    assert refusal.value.code == "version_taken"
    assert read_manifest(store, "v1") == first


class DyingStore:
    """A store whose process dies after some uploads: every write after that fails."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store = store
        self.writes_left = writes

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in ("upload", "create"):
            return method

        def dying(*args: Any) -> Any:
            if self.writes_left == 0:
                raise TransientError("killed", code="store_down")
            self.writes_left -= 1
            return method(*args)

        return dying


@pytest.mark.parametrize("writes", range(8))
def test_a_crash_at_any_point_of_publishing_shows_nothing(directory_store: Store, tmp_path: Path, writes: int) -> None:
    manifest = build_tiny_release(tmp_path / "made", "v1")
    dying = DyingStore(directory_store, writes)
    if writes < len(manifest.files) + 1:
        with pytest.raises(TransientError):
            publish_release(dying, tmp_path / "made", manifest)  # type: ignore[arg-type]
        assert dying.writes_left == 0, "the fault was met"
        assert list(list_versions(directory_store)) == []
        with pytest.raises(KeyMissingError):
            fetch_release(directory_store, "v1", tmp_path / "cache")
    publish_release(directory_store, tmp_path / "made", manifest)
    assert list(list_versions(directory_store)) == ["v1"]


def test_a_folder_that_is_not_what_its_manifest_says_is_not_published(directory_store: Store, tmp_path: Path) -> None:
    manifest = build_tiny_release(tmp_path, "v1")
    (tmp_path / VOCABULARY).write_text("[]")
    with pytest.raises(ReleaseError) as refusal:
        publish_release(directory_store, tmp_path, manifest)
    assert refusal.value.code == "file_changed"
    assert list(list_versions(directory_store)) == []


def flip_last_bit(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("spoil", [flip_last_bit, lambda data: data[:-1], lambda data: data + b"\0", lambda _: b""])
def test_a_changed_byte_in_the_store_is_refused(store: Store, tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    publish_tiny_release(store, "v1")
    key = f"models/v1/{ONNX_NETWORK}"
    store.write(key, spoil(store.read(key).data))
    with pytest.raises(ReleaseError, match=ONNX_NETWORK) as refusal:
        fetch_release(store, "v1", tmp_path / "cache")
    assert refusal.value.code == "file_changed"
    assert not (tmp_path / "cache" / "v1").exists()


def test_a_file_missing_in_the_store_is_refused(store: Store, tmp_path: Path) -> None:
    publish_tiny_release(store, "v1")
    store.delete(f"models/v1/{VOCABULARY}")
    with pytest.raises(ReleaseError, match=VOCABULARY) as refusal:
        fetch_release(store, "v1", tmp_path)
    assert refusal.value.code == "file_missing"


def test_a_spoilt_copy_on_disk_is_fetched_again(directory_store: Store, tmp_path: Path) -> None:
    publish_tiny_release(directory_store, "v1")
    release = fetch_release(directory_store, "v1", tmp_path)
    good = (release.folder / ONNX_NETWORK).read_bytes()
    (release.folder / ONNX_NETWORK).write_bytes(flip_last_bit(good))
    assert (fetch_release(directory_store, "v1", tmp_path).folder / ONNX_NETWORK).read_bytes() == good


def test_old_copies_are_dropped(directory_store: Store, tmp_path: Path) -> None:
    for version in ("v1", "v2", "v3"):
        publish_tiny_release(directory_store, version)
        fetch_release(directory_store, version, tmp_path)
    drop_other_releases(tmp_path, {"v2", "v3"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v2", "v3"]


def spoil_manifest(store: Store, **changes: Any) -> None:
    key = f"models/v1/{MANIFEST}"
    raw = json.loads(store.read(key).data)
    store.write(key, json.dumps(raw | changes).encode())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"format": 99}, "unknown_format"),
        ({"cleaning_version": 99}, "unknown_format"),
        ({"encoding": {"version": 99}}, "unknown_format"),
        ({"encoding": None}, "bad_manifest"),
        ({"version": "v2"}, "bad_manifest"),
        ({"labels": ["POSITIVE"]}, "bad_manifest"),
        ({"thresholds": "wide"}, "bad_manifest"),
        ({"files": {}}, "bad_manifest"),
        ({"surprise": 1}, "bad_manifest"),
    ],
)
def test_a_manifest_this_code_cannot_serve_faithfully_is_refused(
    directory_store: Store, changes: dict[str, Any], code: str
) -> None:
    publish_tiny_release(directory_store, "v1")
    spoil_manifest(directory_store, **changes)
    with pytest.raises(ReleaseError) as refusal:
        read_manifest(directory_store, "v1")
    assert refusal.value.code == code


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'"x"', b"\xff"])
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(ReleaseError) as refusal:
        parse_manifest(data, "v1")
    assert refusal.value.code == "bad_manifest"


def test_a_manifest_cannot_point_outside_its_release(directory_store: Store) -> None:
    publish_tiny_release(directory_store, "v1")
    files = json.loads(directory_store.read(f"models/v1/{MANIFEST}").data)["files"]
    spoil_manifest(directory_store, files=files | {"../../current.json": files[VOCABULARY]})
    with pytest.raises(ReleaseError) as refusal:
        read_manifest(directory_store, "v1")
    assert refusal.value.code == "bad_manifest"


@pytest.mark.parametrize("version", ["", "../x", "a/b", ".hidden", "x" * 65])
def test_a_version_that_is_no_plain_name_is_refused(directory_store: Store, version: str) -> None:
    with pytest.raises(ReleaseError) as refusal:
        read_manifest(directory_store, version)
    assert refusal.value.code == "bad_version"


def test_new_versions_differ_and_are_plain_names() -> None:
    versions = {new_version() for _ in range(100)}
    assert len(versions) == 100
    assert all(len(version) == 23 for version in versions)
