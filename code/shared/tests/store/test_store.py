"""One behaviour, whichever store ``STORE_URL`` names; each test runs on a directory and on S3 over HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from develop.fixtures.ports import find_free_port
from sentiment.errors import ConfigurationError, KeyMissingError, PermanentError, RaceLostError, TransientError
from sentiment.store import Store, open_store

WRITERS = 12


def test_what_is_written_is_read(store: Store) -> None:
    etag = store.write("a/b.json", b"one")
    assert store.read("a/b.json") == (b"one", etag)
    assert store.write("a/b.json", b"two") != etag
    assert store.read("a/b.json").data == b"two"


def test_a_missing_key_is_named(store: Store) -> None:
    with pytest.raises(KeyMissingError, match="nothing/here"):
        store.read("nothing/here")


def test_a_missing_key_cannot_be_downloaded(store: Store, tmp_path: Path) -> None:
    with pytest.raises(KeyMissingError):
        store.download("nothing/here", tmp_path / "copy")


def test_files_travel_whole(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(9 * 1024 * 1024))  # past the size where S3 uploads in parts
    store.upload("big/file.bin", source)
    store.download("big/file.bin", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()


def test_create_refuses_a_taken_key_and_keeps_what_is_there(store: Store) -> None:
    store.create("key", b"first")
    with pytest.raises(RaceLostError):
        store.create("key", b"second")
    assert store.read("key").data == b"first"


def test_replace_needs_the_etag_of_what_is_there(store: Store) -> None:
    old = store.write("key", b"one")
    new = store.replace("key", b"two", old)
    with pytest.raises(RaceLostError):
        store.replace("key", b"three", old)
    assert store.read("key") == (b"two", new)


def test_replace_of_a_missing_key_is_no_race(store: Store) -> None:
    with pytest.raises((KeyMissingError, RaceLostError)):
        store.replace("gone", b"data", "0" * 32)
    with pytest.raises(KeyMissingError):
        store.read("gone")


def test_of_many_creators_one_wins(open_again: Callable[[], Store]) -> None:
    def create(number: int) -> bool:
        try:
            open_again().create("prize", str(number).encode())
        except RaceLostError:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        won = list(pool.map(create, range(WRITERS)))
    assert won.count(True) == 1
    assert open_again().read("prize").data == str(won.index(True)).encode()


def test_no_compare_and_set_update_is_lost(open_again: Callable[[], Store]) -> None:
    """Every writer adds one by read, replace and retry; afterwards all additions are there."""
    open_again().write("count", b"0")

    def add_one(_: int) -> None:
        store = open_again()
        while True:
            stored = store.read("count")
            try:
                store.replace("count", str(int(stored.data) + 1).encode(), stored.etag)
            except RaceLostError:
                continue
            return

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(add_one, range(WRITERS)))
    assert open_again().read("count").data == str(WRITERS).encode()


def test_listing_is_sorted_and_keeps_to_the_prefix(store: Store) -> None:
    for key in ("m/b/2", "m/a/1", "m/a/10", "n/c", "m.json"):
        store.write(key, b"x")
    assert list(store.list_keys("m/")) == ["m/a/1", "m/a/10", "m/b/2"]
    assert list(store.list_keys("m/a/1")) == ["m/a/1", "m/a/10"]
    assert list(store.list_keys("")) == ["m.json", "m/a/1", "m/a/10", "m/b/2", "n/c"]
    assert list(store.list_keys("nothing/")) == []


def test_delete_forgets_and_does_not_mind_what_is_gone(store: Store) -> None:
    store.write("key", b"x")
    store.delete("key")
    store.delete("key")
    with pytest.raises(KeyMissingError):
        store.read("key")


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../../x", "a//b", ".lock", "a/.hidden", "a b", "ü", "a/", "x" * 600]
)
def test_a_key_that_could_leave_the_store_is_refused(store: Store, key: str) -> None:
    for attempt in (store.read, store.delete, lambda k: store.write(k, b"x")):
        with pytest.raises(PermanentError) as refusal:
            attempt(key)
        assert refusal.value.code == "bad_key"


def test_check_proves_a_healthy_store_and_leaves_nothing_behind(store: Store) -> None:
    store.check()
    assert list(store.list_keys("")) == []


def test_a_bucket_that_does_not_exist_is_a_permanent_refusal(open_s3_store: Callable[[], Store]) -> None:
    open_s3_store()
    with pytest.raises(PermanentError) as refusal:
        open_store("s3://no-such-bucket-anywhere/x").check()
    assert refusal.value.code == "store_denied"


def test_an_s3_that_is_down_is_worth_a_retry(
    open_s3_store: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{find_free_port()}")
    with pytest.raises(TransientError) as failure:
        open_s3_store_down().read("key")
    assert failure.value.code == "store_down"


def open_s3_store_down() -> Store:
    return open_store("s3://bucket/prefix")


def test_a_folder_that_cannot_be_written_is_a_permanent_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(PermanentError) as refusal:
        open_store((tmp_path / "file" / "store").as_uri()).check()
    assert refusal.value.code == "store_denied"


def test_a_read_only_folder_is_a_permanent_refusal(tmp_path: Path) -> None:
    """Root may write in any folder but one that the kernel itself keeps."""
    folder = Path("/sys/kernel") if os.geteuid() == 0 else tmp_path
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermanentError) as refusal:
            open_store((folder / "store").as_uri()).check()
    finally:
        tmp_path.chmod(0o700)
    assert refusal.value.code == "store_denied"


@pytest.mark.parametrize(
    "url", ["", "ftp://host/x", "file://host/x", "file://relative", "file:///", "s3://", "/tmp/x", "s3:bucket"]
)
def test_an_address_that_names_no_store_is_refused_with_examples(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"STORE_URL.*file:///.*s3://"):
        open_store(url)


def test_a_writer_killed_in_mid_write_leaves_no_key(directory_store: Store, tmp_path: Path) -> None:
    """What a crash leaves in a directory is a dot file: invisible to listing and reading."""
    directory_store.write("a/b", b"whole")
    (tmp_path / "store/a/.writing-abc").write_bytes(b"hal")
    assert list(directory_store.list_keys("")) == ["a/b"]
