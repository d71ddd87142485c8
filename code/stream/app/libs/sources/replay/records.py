"""Records of a replay file: Sentiment140's CSV, CSV and TSV with a header, or one JSON object a line.

A record that cannot be read comes as a ``Fault`` with its reason and bytes; reading goes on behind it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from libs.sources.replay.columns import SENTIMENT140, Columns, find_columns
from libs.sources.replay.lines import LONGEST_LINE_BYTES, Line, read_lines
from sentiment.errors import PermanentError

_BOM: Final = b"\xef\xbb\xbf"
_LABELS: Final = frozenset({"0", "2", "4"})


class Format(NamedTuple):
    """How a file is read: JSON lines when ``delimiter`` is empty, else CSV with these column names."""

    delimiter: str
    names: tuple[str, ...]
    columns: Columns
    header_lines: int


class Record(NamedTuple):
    """A record and the number of its last line: reading goes on behind it."""

    values: dict[str, Any]
    line: int


class Fault(NamedTuple):
    """A record that cannot be read, and why."""

    reason: str
    detail: str
    original: bytes
    line: int


def detect_format(path: Path) -> Format:
    """Tell a file's format from its first line.

    Raises ``PermanentError``: ``source_empty``, ``no_text_column``, or ``source_unreadable``.
    """
    first = next((line for line in islice(read_lines(path), 100) if line.data.strip(b"\xef\xbb\xbf\r\n\t ")), None)
    if first is None:
        raise PermanentError(f"{path} is empty", code="source_empty")
    text = first.data.removeprefix(_BOM).decode("utf-8", "replace").strip()
    if text.startswith("{"):
        record = _load_json(first)
        names = tuple(record.values) if isinstance(record, Record) else ("text",)
        return Format("", (), find_columns(names), 0)
    delimiter = "\t" if text.count("\t") > text.count(",") else ","
    names = tuple(next(csv.reader([text], delimiter=delimiter)))
    if len(names) == len(SENTIMENT140) and names[0] in _LABELS:
        return Format(delimiter, SENTIMENT140, find_columns(SENTIMENT140), 0)
    return Format(delimiter, names, find_columns(names), first.number)


def read_records(path: Path, form: Format, skip_lines: int = 0) -> Iterator[Record | Fault]:
    """Yield the records behind the first ``skip_lines`` lines; never raises for what a file holds."""
    return _parse(read_lines(path, max(skip_lines, form.header_lines)), form)


def parse_records(data: bytes, form: Format) -> Iterator[Record | Fault]:
    """Yield the records of some bytes cut out of such a file."""
    return _parse((Line(number, line) for number, line in enumerate(data.splitlines(keepends=True), start=1)), form)


def _parse(lines: Iterator[Line], form: Format) -> Iterator[Record | Fault]:
    return _read_csv(lines, form) if form.delimiter else (_load_json(line) for line in lines if line.data.strip())


def _load_json(line: Line) -> Record | Fault:
    if line.fault:
        return _fault_of(line)
    try:
        values = orjson.loads(line.data.removeprefix(_BOM))
    except ValueError as error:
        return Fault("not_json", str(error), line.data, line.number)
    if not isinstance(values, dict):
        return Fault("not_json", "the line holds no JSON object", line.data, line.number)
    return Record(values, line.number)


def _read_csv(lines: Iterator[Line], form: Format) -> Iterator[Record | Fault]:
    csv.field_size_limit(LONGEST_LINE_BYTES)
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=form.delimiter, strict=True)
    while True:
        feed.forget()
        try:
            row = next(reader, None)
            if row is None:
                return
            if row:
                yield _make_record(row, form, feed.taken[-1].number)
        except (csv.Error, PermanentError) as error:
            yield from feed.reject(str(error))
            reader = csv.reader(feed, delimiter=form.delimiter, strict=True)


def _make_record(row: list[str], form: Format, line: int) -> Record:
    if len(row) != len(form.names):
        raise PermanentError(f"{len(row)} columns where the file has {len(form.names)}", code="wrong_columns")
    return Record(dict(zip(form.names, row, strict=True)), line)


class _Feed:
    """Gives the CSV reader its text line by line, and remembers the lines of the record under way.

    A record that fails over several lines, as after a stray quote, loses its first line alone: the others are read anew.
    """

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._again: list[Line] = []
        self.taken: list[Line] = []

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._again.pop(0) if self._again else next(self._lines)
        self.taken.append(line)
        if line.fault:
            raise PermanentError(line.fault, code="file_fault")
        try:
            text = line.data.decode("utf-8-sig" if line.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise PermanentError(f"not UTF-8: {error.reason} at byte {error.start}", code="not_utf8") from None
        return text.replace("\0", "\ufffd")

    def forget(self) -> None:
        self.taken = []

    def reject(self, detail: str) -> Iterator[Fault]:
        if self.taken:
            first, *others = self.taken
            self._again = others + self._again
            yield _fault_of(first) if first.fault else Fault("bad_row", detail, first.data, first.number)


def _fault_of(line: Line) -> Fault:
    reason, _, detail = line.fault.partition(": ")
    return Fault(reason, detail, line.data, line.number)
