"""What lies in an archive: files on disk or under an S3 prefix, or results that an older model scored."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from libs.sources.columns import find_columns, make_tweet
from libs.sources.lines import read_lines
from libs.sources.records import Fault, detect_format, read_records
from libs.times import now
from libs.tweet import DeadLetter, Entry, Tweet, derive_id
from sentiment.errors import ConfigurationError, PermanentError
from sentiment.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from libs.results import Results
    from libs.sources.columns import Columns

GROUP: Final = 2_000
"""Rows of one task: some seconds of work, so that a lost worker costs little."""
RESULTS: Final = "results"
_EXAMPLES: Final = "/srv/archive.csv.gz, file:///srv/archive, s3://bucket/archive or results"


class Group(NamedTuple):
    """Consecutive rows of one file, the same whenever the archive is read again."""

    file: str
    number: int
    entries: list[Entry]
    rows: int


def list_files(place: str) -> Iterator[tuple[str, Path]]:
    """Yield ``(name, local path)`` of an archive's files in order; those in S3 are fetched one by one and removed again.

    Raises ``ConfigurationError`` when the place names nothing.
    """
    parts = urlsplit(place)
    if parts.scheme == "s3":
        yield from _fetch_files(place, parts.path.strip("/"))
        return
    path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(place)
    files = sorted(found for found in path.rglob("*") if found.is_file()) if path.is_dir() else [path]
    if not path.exists() or not files:
        raise ConfigurationError(f"--from names nothing: '{place[:200]}'; valid: {_EXAMPLES}")
    root = path if path.is_dir() else path.parent
    yield from ((file.relative_to(root).as_posix(), file) for file in files)


def read_groups(name: str, path: Path) -> Iterator[Group]:
    """Yield a file's rows in groups; unreadable rows are dead letters in their place."""
    entries: list[Entry] = []
    number = 0
    for entry in _read_entries(name, path):
        entries.append(entry)
        if len(entries) == GROUP:
            yield Group(name, number, entries, len(entries))
            entries, number = [], number + 1
    if entries:
        yield Group(name, number, entries, len(entries))


def count_rows(place: str) -> int | None:
    """Return about how many rows an archive on disk has (its lines), for a progress bar; None for one in S3."""
    if urlsplit(place).scheme == "s3":
        return None
    return sum(_count_file(path) for _, path in list_files(place))


def read_outdated_groups(results: Results, model_version: str) -> Iterator[Group]:
    """Yield stored results of older models as posts to be scored anew, until none is left."""
    number = 0
    while outdated := list(results.read_outdated(model_version, GROUP)):
        entries: list[Entry] = [
            Tweet(
                result.id, result.user, result.twitter_raw, result.data, result.source, result.topics, result.lang,
                "results", now(),
            )
            for result in outdated
        ]  # fmt: skip
        yield Group(RESULTS, number, entries, len(entries))
        number += 1


def _read_entries(name: str, path: Path) -> Iterator[Entry]:
    if path.name.endswith(".parquet"):
        yield from _read_parquet(name, path)
        return
    form = detect_format(path)
    for record in read_records(path, form):
        if isinstance(record, Fault):
            yield _bury(name, record.line, record.reason, record.detail, record.original)
        else:
            yield _make_entry(name, record.line, record.values, form.columns)


def _read_parquet(name: str, path: Path) -> Iterator[Entry]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        columns, number = find_columns(file.schema_arrow.names), 0
        for batch in file.iter_batches(GROUP):
            for row in batch.to_pylist():
                number += 1
                yield _make_entry(name, number, row, columns)


def _make_entry(name: str, number: int, values: dict[str, Any], columns: Columns) -> Entry:
    try:
        return make_tweet(values, columns, position=f"{name} line {number}", fallback_id=derive_id(name, str(number)))
    except PermanentError as error:
        return _bury(name, number, error.code, error.detail, repr(values).encode("utf-8", "backslashreplace"))


def _bury(name: str, number: int, reason: str, detail: str, original: bytes) -> DeadLetter:
    position = f"{name} line {number}"
    return DeadLetter(derive_id(name, position), "replay", position, reason, detail, original, now())


def _count_file(path: Path) -> int:
    if path.name.endswith(".parquet"):
        from pyarrow import parquet

        return int(parquet.read_metadata(path).num_rows)
    return sum(1 for _ in read_lines(path))


def _fetch_files(place: str, prefix: str) -> Iterator[tuple[str, Path]]:
    bucket = urlsplit(place).netloc
    store, found = open_store(f"s3://{bucket}"), False
    for key in store.list_keys(prefix):
        found = True
        with tempfile.TemporaryDirectory(prefix="backfill-") as folder:
            path = Path(folder) / Path(key).name
            store.download(key, path)
            yield key, path
    if not found:
        raise ConfigurationError(f"--from names nothing: '{place[:200]}'; valid: {_EXAMPLES}")
