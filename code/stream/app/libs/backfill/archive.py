"""What lies in an archive: files on disk or under an S3 prefix, or results that an older model scored."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from libs.results import Results
from libs.sources.replay import choose_columns, inspect_file, make_tweet
from libs.values.result import Result
from libs.values.times import now
from libs.values.tweet import DeadLetter, Entry, Tweet, derive_id
from sentiment.errors import ConfigurationError, PermanentError
from sentiment.labelled.columns import Columns
from sentiment.labelled.lines import read_lines
from sentiment.labelled.options import FileOptions, parse_options
from sentiment.labelled.records import Fault
from sentiment.store import Store, open_store

GROUP_ROWS: Final = 2_000
"""Rows of one task: some seconds of work, so that little is repeated when a worker dies."""
RESULTS: Final = "results"
_EXAMPLES: Final = "/srv/archive.csv.gz, file:///srv/archive, s3://bucket/archive or results"


class ArchiveFile(NamedTuple):
    """A file of an archive, by its path below the archive's own, or by its key."""

    name: str
    path: Path
    store: Store | None = None
    """Where it has to be fetched from; None for a file on disk."""
    options: FileOptions = FileOptions()

    @contextmanager
    def fetched(self) -> Iterator[Path]:
        """Yield the file's path on disk; a fetched copy is gone afterwards."""
        if self.store is None:
            yield self.path
            return
        with tempfile.TemporaryDirectory(prefix="backfill-") as folder:
            copy = Path(folder) / self.path.name
            self.store.download(self.name, copy)
            yield copy

    def count_rows(self) -> int | None:
        """Return about how many rows the file has (its lines), for a progress bar; None before it is fetched."""
        if self.store:
            return None
        if self.name.endswith(".parquet"):
            from pyarrow import parquet

            return int(parquet.read_metadata(self.path).num_rows)
        return sum(1 for _ in read_lines(self.path))


class RowGroup(NamedTuple):
    """Consecutive rows of one file, or results to be scored anew."""

    file: str
    first: int
    """How many of the file's rows come before these."""
    entries: list[Entry]
    rescored: dict[str, str] = {}  # noqa: RUF012 - shared and never changed
    """``analyzed_at`` by id of the results that are scored anew; empty for rows of a file."""


def list_files(place: str) -> list[ArchiveFile]:
    """Return an archive's files in order; ``ConfigurationError`` when the place names nothing.

    What stands behind a ``#`` holds for each file: ``s3://bucket/archive#text=body&encoding=latin-1``.
    """
    place, options = _split_options(place)
    parts = urlsplit(place)
    if parts.scheme == "s3":
        store = open_store(f"s3://{parts.netloc}")
        keys = store.list_keys(parts.path.strip("/"))
        found = [ArchiveFile(key, Path(key), store, options) for key in keys]
    else:
        path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(place)
        root = path if path.is_dir() else path.parent
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        found = [
            ArchiveFile(file.relative_to(root).as_posix(), file, options=options) for file in files if file.is_file()
        ]
    if not found:
        raise ConfigurationError(f"--from names nothing: '{place[:200]}'; valid: {_EXAMPLES}")
    return found


def _split_options(place: str) -> tuple[str, FileOptions]:
    if Path(place).exists():  # a path on disk may hold a # of its own
        return place, FileOptions()
    location, _, fragment = place.partition("#")
    return location, parse_options(fragment)


def read_groups(file: ArchiveFile, path: Path, done: int = 0) -> Iterator[RowGroup]:
    """Yield a file's rows behind the first ``done`` in groups; unreadable rows are dead letters in their place.

    ``path``: where the file lies on this machine.
    """
    entries = _read_entries(file, path, done)
    while group := list(islice(entries, GROUP_ROWS)):
        yield RowGroup(file.name, done, group)
        done += len(group)


def read_outdated_groups(results: Results, model_version: str) -> Iterator[RowGroup]:
    """Yield stored results of older models as posts to be scored anew, each once."""
    outdated, number = results.read_outdated(model_version), 0
    while group := list(islice(outdated, GROUP_ROWS)):
        seen = {result.id: result.analyzed_at for result in group}
        yield RowGroup(RESULTS, number, [_make_post(result) for result in group], seen)
        number += len(group)


def _make_post(result: Result) -> Tweet:
    return Tweet(
        result.id, result.user, result.twitter_raw, result.data, result.source, result.topics, result.lang, RESULTS, now()
    )  # fmt: skip


def _read_entries(file: ArchiveFile, path: Path, done: int) -> Iterator[Entry]:
    if path.name.endswith(".parquet"):
        yield from _read_parquet(file, path, done)
        return
    posts = inspect_file(path, file.options)
    for record in islice(posts.read(), done, None):
        if isinstance(record, Fault):
            yield _make_letter(file.name, record.line, record.reason, record.detail, record.original)
        else:
            yield _make_entry(file.name, record.line, record.values, posts.columns)


def _read_parquet(file: ArchiveFile, path: Path, done: int) -> Iterator[Entry]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as table:
        columns = choose_columns(table.schema_arrow.names, file.options)
        rows = (row for batch in table.iter_batches(GROUP_ROWS) for row in batch.to_pylist())
        for number, row in enumerate(islice(rows, done, None), start=done + 1):
            yield _make_entry(file.name, number, row, columns)


def _make_entry(name: str, number: int, values: dict[str, Any], columns: Columns) -> Entry:
    try:
        return make_tweet(values, columns, position=f"{name} line {number}", fallback_id=derive_id(name, str(number)))
    except PermanentError as error:
        return _make_letter(name, number, error.code, error.detail, repr(values).encode("utf-8", "backslashreplace"))


def _make_letter(name: str, number: int, reason: str, detail: str, original: bytes) -> DeadLetter:
    position = f"{name} line {number}"
    return DeadLetter(derive_id(name, position), "replay", position, reason, detail, original, now())
