"""Plain, .gz and .zip files as one stream of bytes whose length is capped: a small file can unpack to a full disk."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import IO, Final, cast

from sentiment.errors import PermanentError

MOST_UNPACKED_BYTES: Final = 16 * 2**30
_GZIP_MAGIC, _ZIP_MAGIC = b"\x1f\x8b", b"PK\x03\x04"
_DATA_SUFFIXES: Final = frozenset({".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json", ".parquet"})
_SENTIMENT140_MEMBER: Final = "training.1600000.processed.noemoticon.csv"


class CappedReader(io.RawIOBase):
    """Reads another stream up to ``limit`` bytes, then raises ``PermanentError("dataset_too_large")``."""

    def __init__(self, stream: io.BufferedReader, limit: int) -> None:
        """``limit``: bytes allowed in total."""
        self._stream = stream
        self._left = limit

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer`` as far as there is something to read."""
        data = self._stream.read1(
            len(buffer)
        )  # one read at a time: a break in the file costs nothing that came before it
        self._left -= len(data)
        if self._left < 0:
            raise PermanentError("the data set unpacks to more than is allowed", code="dataset_too_large")
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def open_unpacked(path: Path, limit: int = MOST_UNPACKED_BYTES) -> Iterator[io.BufferedReader]:
    """Open ``path`` unpacked, by its first bytes rather than its name.

    Raises ``PermanentError``: ``file_unreadable`` when it cannot be opened, ``dataset_damaged`` when the packing is
    broken, ``dataset_too_large`` past ``limit`` bytes, ``wrong_columns`` when a .zip does not hold exactly one data file.
    """
    with _open_raw(path) as raw, _translated(), _open_packing(raw) as stream:
        yield io.BufferedReader(CappedReader(stream, limit), buffer_size=2**20)


def inner_name(path: Path) -> str:
    """Return the name of the data inside: without .gz, or the name of a .zip's member; raises as ``open_unpacked``."""
    with _open_raw(path) as raw, _translated():
        magic = raw.read(4)
        if magic == _ZIP_MAGIC:
            with zipfile.ZipFile(raw) as archive:
                return _choose_member(archive)
    return path.stem if magic.startswith(_GZIP_MAGIC) else path.name


def _open_raw(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise PermanentError(f"the file cannot be read: {error.strerror}", code="file_unreadable") from error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise PermanentError(f"the data set cannot be unpacked: {error}", code="dataset_damaged") from error


@contextmanager
def _open_packing(raw: io.BufferedReader) -> Iterator[io.BufferedReader]:
    magic = raw.read(4)
    raw.seek(0)
    if magic == _ZIP_MAGIC:
        with zipfile.ZipFile(raw) as archive, _open_member(archive) as member:
            yield cast("io.BufferedReader", member)
    elif magic.startswith(_GZIP_MAGIC):
        with gzip.open(raw) as unpacked:
            yield cast("io.BufferedReader", unpacked)
    else:
        yield raw


def _open_member(archive: zipfile.ZipFile) -> IO[bytes]:
    name = _choose_member(archive)
    try:
        return archive.open(name)
    except RuntimeError as error:  # how zipfile says that it knows no password, or not this way of packing
        raise PermanentError(f"'{name}' cannot be unpacked: {error}", code="dataset_damaged") from error


def _choose_member(archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if PurePath(name).suffix.lower() in _DATA_SUFFIXES]
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if _SENTIMENT140_MEMBER in names:
        return _SENTIMENT140_MEMBER
    if len(names) != 1:
        raise PermanentError(
            f"the .zip must hold exactly one data file, not {len(names)}: {', '.join(names[:5])}", code="wrong_columns"
        )
    return names[0]
