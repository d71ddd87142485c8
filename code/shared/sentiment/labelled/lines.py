"""Lines of a file, packed or not, with their numbers: bounded in memory, and with a fault where the file breaks off."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from sentiment.errors import PermanentError
from sentiment.labelled.unpack import open_unpacked

LONGEST_LINE_BYTES: Final = 1 << 17  # ten thousand characters with every field around them take less
_SURE_BYTES: Final = 1 << 30
_HIGHEST_RATIO: Final = 200  # text packs 3 to 20 times; a file beyond this is a decompression bomb


class Line(NamedTuple):
    """A physical line with its number from 1; ``fault`` says why it is not whole."""

    number: int
    data: bytes
    fault: str = ""


def read_lines(path: Path, skip: int = 0) -> Iterator[Line]:
    """Yield the lines after the first ``skip``. A break in the file is a last line with a ``fault``, never an exception.

    A line over 128 KiB comes cut, with the fault ``line_too_long``. Raises ``PermanentError("file_unreadable")`` when
    the file cannot be opened.
    """
    number = 0
    try:
        with open_unpacked(path, _limit_bytes(path)) as file:
            while line := _read_line(file, number + 1):
                number += 1
                if number > skip:
                    yield line
    except PermanentError as error:
        if error.code == "file_unreadable":
            raise
        yield Line(number + 1, b"", _describe_break(error))


def _limit_bytes(path: Path) -> int:
    try:
        return max(_SURE_BYTES, _HIGHEST_RATIO * path.stat().st_size)
    except OSError as error:
        raise PermanentError(f"the file cannot be read: {error.strerror}", code="file_unreadable") from error


def _describe_break(error: PermanentError) -> str:
    if error.code == "dataset_too_large":
        return f"decompressed_too_large: over {_HIGHEST_RATIO} times the file"
    return f"file_broken: {error.detail}"


def _read_line(file: io.BufferedReader, number: int) -> Line | None:
    data = file.readline(LONGEST_LINE_BYTES + 1)
    if len(data) <= LONGEST_LINE_BYTES:
        return Line(number, data) if data else None
    rest = data
    while rest and not rest.endswith(b"\n"):
        rest = file.readline(LONGEST_LINE_BYTES)
    return Line(number, data[:LONGEST_LINE_BYTES], "line_too_long: over 128 KiB, cut here")
