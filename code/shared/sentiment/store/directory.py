"""A store in a directory: atomic by rename, durable by fsync, compare-and-set under a file lock."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sentiment.errors import KeyMissingError, PermanentError, RaceLostError, TransientError
from sentiment.service.locks import take_lock
from sentiment.store import StoredObject
from sentiment.store.keys import require_key

_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}


class DirectoryStore:
    """Objects are files; a reader sees the whole old file or the whole new one, also after a power cut."""

    def __init__(self, root: str | Path) -> None:
        """Remember the folder; it is made at the first write."""
        self._root = Path(root)
        self.url = self._root.as_uri()

    def read(self, key: str) -> StoredObject:
        """Return the file's bytes and their hash as the etag."""
        with _translated(key):
            data = self._path(key).read_bytes()
        return StoredObject(data, _etag(data))

    def download(self, key: str, path: Path) -> None:
        """Copy the file."""
        with _translated(key):
            shutil.copyfile(self._path(key), path)

    def create(self, key: str, data: bytes) -> str:
        """Link a finished temporary file to its name: the file system lets one writer win."""
        with _translated(key), self._temporary(key) as temporary:
            _write_durably(temporary, data)
            try:
                os.link(temporary, self._path(key))
            except FileExistsError:
                raise RaceLostError(key) from None
            _sync_folder(self._path(key).parent)
        return _etag(data)

    def replace(self, key: str, data: bytes, etag: str) -> str:
        """Compare and rename under an exclusive lock that every replacing process takes."""
        with _translated(key), take_lock(self._root / ".lock"):
            if self.read(key).etag != etag:
                raise RaceLostError(key)
            return self.write(key, data)

    def write(self, key: str, data: bytes) -> str:
        """Rename a finished temporary file over the name."""
        with _translated(key), self._temporary(key) as temporary:
            _write_durably(temporary, data)
            temporary.replace(self._path(key))
            _sync_folder(self._path(key).parent)
        return _etag(data)

    def upload(self, key: str, path: Path) -> None:
        """Copy the file beside its final name, then rename."""
        with _translated(key), self._temporary(key) as temporary:
            shutil.copyfile(path, temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(self._path(key))
            _sync_folder(self._path(key).parent)

    def list_keys(self, prefix: str) -> Iterator[str]:
        """Walk only the folder that the prefix can lie in."""
        folder = self._root / prefix.rpartition("/")[0]
        with _translated(prefix):
            found = (path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else iter(())
            keys = sorted(path.relative_to(self._root).as_posix() for path in found)
        yield from (
            key for key in keys if key.startswith(prefix) and not any(p.startswith(".") for p in key.split("/"))
        )

    def delete(self, key: str) -> None:
        """Unlink the file."""
        with _translated(key):
            self._path(key).unlink(missing_ok=True)

    def check(self) -> None:
        """Write, read, list and delete a probe."""
        probe = f"checks/{uuid4().hex}"
        self.write(probe, b"probe")
        try:
            if self.read(probe).data != b"probe" or probe not in self.list_keys("checks/"):
                raise TransientError(f"{self.url} does not give back what was written", code="store_down")
        finally:
            self.delete(probe)

    def _path(self, key: str) -> Path:
        return self._root / require_key(key)

    @contextmanager
    def _temporary(self, key: str) -> Iterator[Path]:
        folder = self._path(key).parent
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".writing-", dir=folder)
        os.close(descriptor)
        path = Path(name)
        path.chmod(0o644)  # mkstemp's 0600 would hide the release from a serve that runs as another user
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def _etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IsADirectoryError):
        raise KeyMissingError(key) from None
    except OSError as error:
        if error.errno in _DENIED:
            raise PermanentError(f"the store refuses '{key}': {error.strerror}", code="store_denied") from error
        raise TransientError(f"the store fails at '{key}': {error.strerror}", code="store_down") from error
