"""The corpus as a file: Sentiment140's quoted CSV without a header, gzipped."""

import csv
import gzip
import io
import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile

from libs.sample.rows import Row


def write_csv(rows: Iterable[Row], path: Path) -> int:
    """Write `rows` to the gzipped CSV file `path`, whole or not at all, and return how many there were.

    The same rows give the same bytes. The folder is made when it is missing. Raises OSError when the file cannot be
    written; a file that was there before is then untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False) as part:
        unfinished = Path(part.name)
        try:
            # No name and no time in the gzip header, or equal rows would give unequal bytes.
            with (
                gzip.GzipFile(filename="", mode="wb", fileobj=part, mtime=0) as packed,
                io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
            ):
                count = _write_rows(rows, text)
            part.flush()
            os.fsync(part.fileno())
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    return count


def _write_rows(rows: Iterable[Row], text: io.TextIOBase) -> int:
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007, the last number is the answer
        writer.writerow(row)
    return count
