"""The corpus as a file: Sentiment140's quoted CSV without a header, gzipped."""

import csv
import gzip
import io
import os
from collections.abc import Iterable
from pathlib import Path

from libs.sample.rows import Row


def write_csv(rows: Iterable[Row], path: Path) -> int:
    """Write `rows` to the gzipped CSV file `path`, whole or not at all, and return how many there were.

    The same rows give the same bytes. The folder is made when it is missing. Raises OSError when the file cannot be
    written; a file that was there before is then untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as part:
            count = _pack_rows(rows, part)
            part.flush()
            os.fsync(part.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _pack_rows(rows: Iterable[Row], part: io.BufferedWriter) -> int:
    # No name and no time in the gzip header, or equal rows would give unequal bytes.
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=part, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
    ):
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        count = 0
        for row in rows:
            writer.writerow(row)
            count += 1
    return count
