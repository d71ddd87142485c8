"""Records of a file, one by one, with their positions: CSV, TSV, or one JSON object a line.

A record that cannot be read comes as a ``Fault`` with its reason and bytes; reading goes on behind it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sentiment.errors import PermanentError
from sentiment.labelled.formats import Format, parse_json_line
from sentiment.labelled.lines import LONGEST_LINE_BYTES, Line, read_lines


class Record(NamedTuple):
    """A record's values by column, and the number of its last line: reading goes on behind it."""

    values: dict[str, Any]
    line: int


class Fault(NamedTuple):
    """A record that cannot be read, and why."""

    reason: str
    detail: str
    original: bytes
    line: int


def read_records(path: Path, form: Format, skip_lines: int = 0) -> Iterator[Record | Fault]:
    """Yield the records behind the first ``skip_lines`` lines; never raises for what a file holds."""
    return _parse(read_lines(path, max(skip_lines, form.header_lines)), form)


def parse_records(data: bytes, form: Format) -> Iterator[Record | Fault]:
    """Yield the records of some bytes cut out of such a file."""
    return _parse((Line(number, line) for number, line in enumerate(data.splitlines(keepends=True), start=1)), form)


def _parse(lines: Iterator[Line], form: Format) -> Iterator[Record | Fault]:
    if form.kind == "json":
        return (_load_json(line, form.encoding) for line in lines if line.fault or line.data.strip())
    return _read_csv(lines, form)


def _load_json(line: Line, encoding: str) -> Record | Fault:
    if line.fault:
        return _fault_of(line)
    try:
        return Record(parse_json_line(line.data, encoding), line.number)
    except PermanentError as error:
        return Fault(error.code, error.detail, line.data, line.number)


def _read_csv(lines: Iterator[Line], form: Format) -> Iterator[Record | Fault]:
    csv.field_size_limit(LONGEST_LINE_BYTES)
    quoting: Mapping[str, Any] = {} if form.quoted else {"quoting": csv.QUOTE_NONE}
    feed = _Feed(lines, form.encoding)
    reader = csv.reader(feed, delimiter=form.delimiter, strict=True, **quoting)
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
            reader = csv.reader(feed, delimiter=form.delimiter, strict=True, **quoting)


def _make_record(row: list[str], form: Format, line: int) -> Record:
    if len(row) != len(form.names):
        raise PermanentError(f"{len(row)} columns where the file has {len(form.names)}", code="wrong_columns")
    return Record(dict(zip(form.names, row, strict=True)), line)


class _Feed:
    """Gives the CSV reader its text line by line, and remembers the lines of the record under way.

    A record that fails over several lines, as after a stray quote, costs its first line alone: the others are read anew.
    """

    def __init__(self, lines: Iterator[Line], encoding: str) -> None:
        self._lines = lines
        self._encoding = encoding
        self._again: list[Line] = []
        self.taken: list[Line] = []

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._again.pop(0) if self._again else next(self._lines)
        self.taken.append(line)
        if line.fault:
            raise PermanentError(line.fault, code="file_fault")
        return self._decode(line).replace("\0", "\ufffd")

    def _decode(self, line: Line) -> str:
        try:
            text = line.data.decode(self._encoding)
        except UnicodeDecodeError as error:
            detail = f"not {self._encoding.upper()}: {error.reason} at byte {error.start}"
            raise PermanentError(detail, code="not_decodable") from None
        return text.removeprefix("\ufeff") if line.number == 1 else text

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
