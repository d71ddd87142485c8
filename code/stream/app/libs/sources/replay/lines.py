"""Lines of a replay file, plain or .gz: bounded in memory, and honest about where a file breaks."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, cast

from sentiment.errors import PermanentError

LONGEST_LINE_BYTES: Final = 1 << 17  # ten thousand characters with every field around them take less
_SURE_BYTES: Final = 1 << 30
_HIGHEST_RATIO: Final = 200  # text packs 3 to 20 times; a file beyond this is a bomb
_GZIP_MAGIC: Final = b"\x1f\x8b"


class Line(NamedTuple):
    """A physical line with its number from 1; ``fault`` says why it is not whole."""

    number: int
    data: bytes
    fault: str = ""


def read_lines(path: Path, skip: int = 0) -> Iterator[Line]:
    """Yield the lines after the first ``skip``. A break in the file is a last line with a ``fault``, never an exception.

    A line over 128 KiB comes cut, with the fault ``line_too_long``. Raises ``PermanentError("source_unreadable")`` when
    the file cannot be opened.
    """
    with _open(path) as file:
        number, budget = 0, max(_SURE_BYTES, _HIGHEST_RATIO * path.stat().st_size)
        while True:
            number += 1
            try:
                line = _read_line(file, number)
            except (EOFError, OSError, zlib.error) as error:
                yield Line(number, b"", f"file_broken: {error}")
                return
            if line is None:
                return
            budget -= len(line.data)
            if budget < 0:
                yield Line(number, b"", f"decompressed_too_large: over {_HIGHEST_RATIO} times the file")
                return
            if number > skip:
                yield line


def _open(path: Path) -> BinaryIO:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP_MAGIC
        if packed:
            return cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", gzip.open(path)), 1 << 16))
        return path.open("rb")
    except OSError as error:
        raise PermanentError(f"{path} cannot be read: {error.strerror}", code="source_unreadable") from error


def _read_line(file: BinaryIO, number: int) -> Line | None:
    data = file.readline(LONGEST_LINE_BYTES + 1)
    if len(data) <= LONGEST_LINE_BYTES:
        return Line(number, data) if data else None
    rest = data
    while rest and not rest.endswith(b"\n"):
        rest = file.readline(LONGEST_LINE_BYTES)
    return Line(number, data[:LONGEST_LINE_BYTES], "line_too_long: over 128 KiB, cut here")
