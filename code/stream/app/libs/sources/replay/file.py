"""A file of posts: its layout, which of its columns means what, and its records as tweets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from libs.values.times import now, parse_date
from libs.values.tweet import UNKNOWN_USER, Tweet, storable
from sentiment.errors import PermanentError
from sentiment.labelled.columns import KNOWN_NAMES, SENTIMENT140_VALUES, Columns, find_columns
from sentiment.labelled.formats import Format, detect_format
from sentiment.labelled.options import FileOptions
from sentiment.labelled.records import Fault, Record, parse_records, read_records

_NO_QUERY: Final = "NO_QUERY"  # Sentiment140's flag for a tweet that no query found
_LONGEST_ID: Final = 200
_LONGEST_USER: Final = 200
_CODES: Final = {
    "empty_dataset": "source_empty", "file_unreadable": "source_unreadable", "dataset_damaged": "source_unreadable",
}  # fmt: skip


class PostFile(NamedTuple):
    """A file whose layout and columns are known."""

    path: Path
    form: Format
    columns: Columns
    options: FileOptions
    """As given; in Sentiment140's own file the meaning of the labels is known, too."""

    def read(self, skip_lines: int = 0) -> Iterator[Record | Fault]:
        """Yield the records behind the first ``skip_lines`` lines; never raises for what the file holds."""
        return read_records(self.path, self.form, skip_lines)

    def parse(self, original: bytes) -> Iterator[Record | Fault]:
        """Yield the records of some bytes cut out of the file."""
        return parse_records(original, self.form)


def inspect_file(path: Path, options: FileOptions) -> PostFile:
    """Tell a file's layout and columns.

    Raises ``PermanentError``: ``source_empty``, ``source_unreadable``, ``source_is_parquet``, ``no_text_column``, or
    ``wrong_columns`` when a column that ``options`` names is not there, or a .zip does not hold exactly one data file.
    """
    try:
        form = detect_format(path, options)
    except PermanentError as error:
        raise PermanentError(f"{path}: {error.detail}", code=_CODES.get(error.code, error.code)) from error
    if form.kind == "parquet":
        raise PermanentError(f"{path} is Parquet, which backfill reads and replay does not", code="source_is_parquet")
    columns = choose_columns(_list_names(form, options), options)
    if form.is_sentiment140 and not options.label_values:
        options = replace(options, label_values=SENTIMENT140_VALUES)
    return PostFile(path, form, columns, options)


def _list_names(form: Format, options: FileOptions) -> Sequence[str]:
    """Return the columns a file has; objects in JSON lines differ, so one that the first lacks can still come."""
    if form.kind != "json":
        return form.names
    expected = [name for meaning, name in options.columns.items() if meaning != "text" or not form.names]
    return (*(form.names or ("text",)), *expected)


def choose_columns(names: Sequence[str], options: FileOptions) -> Columns:
    """Return the meaning of a file's column names.

    Raises ``PermanentError``: ``no_text_column`` when none holds the text, ``wrong_columns`` when another one that
    ``options`` names is not there.
    """
    columns = find_columns(names, options)
    found = columns._asdict()
    missing = next((meaning for meaning in ("text", *options.columns) if not found[meaning]), "")
    if missing:
        raise PermanentError(
            f"no column of {[str(name)[:30] for name in names[:20]]} holds the {missing}; name it after the address "
            f"(#{missing}=<column>), call it one of {', '.join(KNOWN_NAMES[missing])}, or let the file be Sentiment140's "
            "six columns without a header",
            code="no_text_column" if missing == "text" else "wrong_columns",
        )
    return columns


def make_tweet(record: Mapping[str, Any], columns: Columns, *, position: str, fallback_id: str) -> Tweet:
    """Turn a record into a tweet. A record without id, user or date gets ``fallback_id``, ``unknown``, the time of reading.

    Raises ``PermanentError``: ``no_text`` when the text is missing or no string, ``bad_date`` when the date is none.
    """
    text = record.get(columns.text)
    if not isinstance(text, str):
        raise PermanentError(f"the text is {type(text).__name__}, not a string", code="no_text")
    date, moment = record.get(columns.date) or "", now()
    return Tweet(
        id=storable(str(record.get(columns.id) or ""))[:_LONGEST_ID] or fallback_id,
        user=_read_user(record.get(columns.user)),
        text=storable(text),
        posted_at=parse_date(str(date)) if date else moment,
        source="replay",
        topics=_read_topics(record.get(columns.topic)),
        lang=str(record.get(columns.lang) or "").strip().lower()[:16],
        position=position,
        read_at=moment,
    )


def _read_user(value: Any) -> str:
    if isinstance(value, dict):  # X v1.1 nests the user
        value = value.get("screen_name") or value.get("username") or value.get("id_str")
    return storable(str(value or "")).strip()[:_LONGEST_USER] or UNKNOWN_USER


def _read_topics(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    topics = (storable(str(item)).strip()[:64] for item in values if item)
    return tuple(dict.fromkeys(topic for topic in topics if topic and topic != _NO_QUERY))
