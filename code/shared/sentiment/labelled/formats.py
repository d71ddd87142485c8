"""How a file is laid out: CSV with which delimiter and which columns, JSON lines, or Parquet."""

from __future__ import annotations

import csv
import io
import re
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
_MOST_LINES_OF_A_CELL: Final = 500  # a mark that stays open for longer is a lone one
_PARQUET_MAGIC: Final = b"PAR1"
# Cells of tab-separated text in which each one that holds a quotation mark is quoted, its own marks doubled.
_QUOTED_CELLS: Final = re.compile(r'(?:(?:"[^"]*(?:""[^"]*)*"|[^"\t\r\n]*)(?:\t|\r?\n|\Z))*')


class Format(NamedTuple):
    """A file's layout. ``delimiter``, ``quoted`` and ``header_lines`` are those of CSV; Parquet brings its own names."""

    kind: Literal["csv", "json", "parquet"]
    encoding: str = "utf-8"
    names: tuple[str, ...] = ()
    """Of a CSV file's columns; of JSON lines the first object's keys, none when its beginning holds no object."""
    delimiter: str = ""
    quoted: bool = True
    """Whether a cell in quotation marks may hold delimiters and line breaks."""
    header_lines: int = 0

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
    read = _read_head(path)
    head, whole = read.removeprefix(BYTE_ORDER_MARK), len(read) < _HEAD_BYTES
    if suffix == ".parquet" or head.startswith(_PARQUET_MAGIC):
        return Format("parquet")
    if suffix in (".jsonl", ".ndjson", ".json") or head.lstrip().startswith(b"{"):
        return Format("json", options.encoding, _name_keys(head, options.encoding))
    text = head.decode(options.encoding, "replace")
    return _detect_csv(text, options, tabs=suffix in (".tsv", ".tab"), whole=whole)


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


def _detect_csv(head: str, options: FileOptions, *, tabs: bool, whole: bool) -> Format:
    delimiters = (TAB,) if tabs else _DELIMITERS
    delimiter = max(delimiters, key=lambda delimiter: _rate_delimiter(head, delimiter, options))
    quoted = _is_quoted(head if whole else _cut_to_records(head), delimiter)
    cells, lines = _read_first_row(head, delimiter, quoted=quoted)
    if is_sentiment140(cells):
        return Format("csv", options.encoding, SENTIMENT140_COLUMNS, delimiter, quoted, 0)
    return Format("csv", options.encoding, tuple(cells), delimiter, quoted, lines)


def _rate_delimiter(head: str, delimiter: str, options: FileOptions) -> tuple[bool, int]:
    """Prefer what makes a header, or a row of Sentiment140, of the first row; then what makes the most cells of it."""
    try:
        cells, _ = _read_first_row(head, delimiter, quoted=delimiter != TAB)
    except PermanentError:
        return False, 0
    return is_sentiment140(cells) or is_header(cells, options), len(cells)


def _is_quoted(head: str, delimiter: str) -> bool:
    """Tell whether quotation marks enclose cells.

    Tab-separated text has no quoting by its own definition (IANA's text/tab-separated-values), and tweets are full of
    lone quotation marks; but spreadsheets quote there, too. So it counts as quoted when every mark is one of theirs.
    """
    return delimiter != TAB or ('"' in head and _QUOTED_CELLS.fullmatch(head) is not None)


def _cut_to_records(head: str) -> str:
    """Return the beginning of a file up to a line end before which quotation marks are paired: no cell is cut in two."""
    lines = head.split("\n")[:-1]
    odd, end = sum(line.count('"') for line in lines) % 2, len(lines)
    while odd and end > max(0, len(lines) - _MOST_LINES_OF_A_CELL):
        end -= 1
        odd ^= lines[end].count('"') % 2
    return "\n".join([*lines[: len(lines) if odd else end], ""])


def _read_first_row(head: str, delimiter: str, *, quoted: bool) -> tuple[Sequence[str], int]:
    """Return the first row that is not blank, and the number of its last line."""
    quoting: Mapping[str, Any] = {} if quoted else {"quoting": csv.QUOTE_NONE}
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, **quoting)
    try:
        return next((row, reader.line_num) for row in reader if "".join(row).strip())
    except (csv.Error, StopIteration) as error:
        raise PermanentError(f"the first row cannot be read: {error}", code="wrong_columns") from None
