"""How a file is laid out: CSV with which delimiter and which columns, JSON lines, or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, Final, Literal, NamedTuple

import orjson

from sentiment.errors import PermanentError
from sentiment.labelled.columns import SENTIMENT140_COLUMNS, is_header, is_sentiment140
from sentiment.labelled.options import FileOptions
from sentiment.labelled.unpack import inner_name, open_unpacked

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
TAB: Final = "\t"
_DELIMITERS: Final = (",", TAB, ";", "|")
_HEAD_BYTES: Final = 256 * 2**10
_PARQUET_MAGIC: Final = b"PAR1"


class Format(NamedTuple):
    """A file's layout. ``delimiter`` and ``header_lines`` are those of CSV; Parquet brings its own names."""

    kind: Literal["csv", "json", "parquet"]
    encoding: str = "utf-8"
    names: tuple[str, ...] = ()
    """Of a CSV file's columns; of JSON lines the first object's keys, none when its beginning holds no object."""
    delimiter: str = ""
    header_lines: int = 0

    @property
    def quoted(self) -> bool:
        """Whether a cell in quotation marks may hold delimiters and line breaks.

        Tab-separated text has no quoting by its own definition (IANA's text/tab-separated-values), and tweets are full
        of lone quotation marks.
        """
        return self.delimiter != TAB

    @property
    def is_sentiment140(self) -> bool:
        """Whether it is Sentiment140's own file, which has no header."""
        return self.names == SENTIMENT140_COLUMNS and self.header_lines == 0


def detect_format(path: Path, options: FileOptions) -> Format:
    """Tell a file's format from its name and its first 256 KiB.

    Raises ``PermanentError``: ``file_unreadable``, ``empty_dataset``, ``wrong_columns`` when the first row cannot be
    read, ``dataset_damaged``.
    """
    suffix = PurePath(inner_name(path)).suffix.lower()
    head = _read_head(path).removeprefix(BYTE_ORDER_MARK)
    if suffix == ".parquet" or head.startswith(_PARQUET_MAGIC):
        return Format("parquet")
    if suffix in (".jsonl", ".ndjson", ".json") or head.lstrip().startswith(b"{"):
        return Format("json", options.encoding, _name_keys(head, options.encoding))
    return _detect_csv(head.decode(options.encoding, "replace"), options, tabs=suffix in (".tsv", ".tab"))


def parse_json_line(line: bytes, encoding: str) -> dict[str, Any]:
    """Return a line's JSON object; ``PermanentError("not_json")`` when it holds none."""
    data = line.removeprefix(BYTE_ORDER_MARK)
    try:
        values = orjson.loads(data if encoding == "utf-8" else data.decode(encoding))
    except ValueError as error:
        raise PermanentError(str(error), code="not_json") from None
    if not isinstance(values, dict):
        raise PermanentError("the line holds no JSON object", code="not_json")
    return values


def _read_head(path: Path) -> bytes:
    head = b""
    try:
        with open_unpacked(path) as stream:
            while len(head) < _HEAD_BYTES and (block := stream.read1(_HEAD_BYTES - len(head))):
                head += block
    except PermanentError:
        if not head:
            raise  # else a file that breaks off early: what comes before the break can be read
    if not head.removeprefix(BYTE_ORDER_MARK).strip():
        raise PermanentError("the data set is empty", code="empty_dataset")
    return head


def _name_keys(head: bytes, encoding: str) -> tuple[str, ...]:
    for line in head.split(b"\n"):
        try:
            return tuple(parse_json_line(line, encoding))
        except PermanentError:
            continue
    return ()


def _detect_csv(head: str, options: FileOptions, *, tabs: bool) -> Format:
    delimiters = (TAB,) if tabs else _DELIMITERS
    delimiter = max(delimiters, key=lambda delimiter: _rate_delimiter(head, delimiter, options))
    cells, lines = _read_first_row(head, delimiter)
    if is_sentiment140(cells):
        return Format("csv", options.encoding, SENTIMENT140_COLUMNS, delimiter, 0)
    return Format("csv", options.encoding, tuple(cells), delimiter, lines)


def _rate_delimiter(head: str, delimiter: str, options: FileOptions) -> tuple[bool, int]:
    """Prefer what makes a header, or a row of Sentiment140, of the first row; then what makes the most cells of it."""
    try:
        cells, _ = _read_first_row(head, delimiter)
    except PermanentError:
        return False, 0
    return is_sentiment140(cells) or is_header(cells, options), len(cells)


def _read_first_row(head: str, delimiter: str) -> tuple[Sequence[str], int]:
    """Return the first row that is not blank, and the number of its last line."""
    quoting: Mapping[str, Any] = {"quoting": csv.QUOTE_NONE} if delimiter == TAB else {}
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, **quoting)
    try:
        return next((row, reader.line_num) for row in reader if "".join(row).strip())
    except (csv.Error, StopIteration) as error:
        raise PermanentError(f"the first row cannot be read: {error}", code="wrong_columns") from None
