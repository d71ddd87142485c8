"""Score an archive: hand its rows to the workers, remember what is done, and show how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import click

from libs.backfill.archive import RESULTS, ArchiveFile, RowGroup, list_files, read_groups, read_outdated_groups
from libs.backfill.cluster import connect, import_optional, score_all
from libs.backfill.ledger import Ledger
from libs.backfill.worker import GroupCounts, WorkerSettings
from libs.results import open_results
from libs.scoring import ScoredText, ServeClient
from libs.service.settings import BackfillSettings
from sentiment.errors import ConfigurationError, PermanentError, SentimentError
from sentiment.service.clock import WallClock
from sentiment.store import open_store
from sentiment.text.cleaning import clean


class BackfillJob(NamedTuple):
    """What is to be scored, whereto, and whether what was done before is to be done again."""

    place: str
    target: str
    scheduler: str = ""
    again: bool = False


def run_backfill(settings: BackfillSettings, job: BackfillJob) -> dict[str, int]:
    """Score an archive into the results store or Parquet files and return the totals.

    Rows that an earlier run has done are left out. ``scheduler``: address of a Dask cluster whose workers
    have this app on their path; empty starts a cluster on this machine's cores. Raises ``ConfigurationError`` when the
    optional packages, the archive or the target are missing.
    """
    import_optional("pyarrow")
    files = [] if job.place == RESULTS else list_files(job.place)
    target = _prepare_target(job.target)
    results = open_results(settings.results_url, settings.retention_days, many_writers=True)
    results.prepare()
    serve = ServeClient(settings.predict_url, settings.predict_api_key, WallClock())
    worker = WorkerSettings(
        settings.predict_url, settings.predict_api_key, settings.predict_batch, settings.results_url,
        settings.retention_days, settings.languages or serve.read_languages(), target,
    )  # fmt: skip
    ledger = Ledger(results, job.place, target, again=job.again)
    run = _Run(ledger, files)
    with connect(job.scheduler) as client, run.open_bar() as bar:
        groups = read_outdated_groups(results, _ask_version(serve)) if job.place == RESULTS else run.read_files()
        for group, counts in score_all(client, worker, groups):
            run.note(group, counts)
            bar.update(len(group.entries))
    return run.totals


class _Run:
    """The state of one run: what is open, what is done."""

    def __init__(self, ledger: Ledger, files: list[ArchiveFile]) -> None:
        self._ledger = ledger
        self._files = files
        self._sizes: dict[str, int] = {}
        self.totals = {
            "rows": 0, "stored": 0, "dead_letters": 0, "skipped": 0, "files_done_before": 0, "files_unreadable": 0
        }  # fmt: skip

    def open_bar(self) -> Any:
        counts = [file.count_rows() for file in self._files]
        total = sum(count or 0 for count in counts) if counts and None not in counts else None
        before = sum(self._ledger.read(file.name)[0] for file in self._files)
        return import_optional("tqdm").tqdm(total=total, initial=before, unit=" rows", desc="backfill")

    def read_files(self) -> Iterator[RowGroup]:
        for file in self._files:
            rows, finished = self._ledger.read(file.name)
            if finished:
                self.totals["files_done_before"] += 1
                continue
            try:
                yield from self._read_file(file, rows)
            except PermanentError as error:
                if len(self._files) == 1:
                    raise
                self.totals["files_unreadable"] += 1
                click.echo(f"{file.name}: {error.detail}", err=True)

    def note(self, group: RowGroup, counts: GroupCounts) -> None:
        """Count a group. Those of a file end in their order, so that a number of rows says which are done."""
        self.totals["rows"] += len(group.entries)
        for name, count in counts._asdict().items():
            self.totals[name] += count
        if not group.rescored:
            rows = group.first + len(group.entries)
            self._ledger.write(group.file, rows, finished=rows == self._sizes.get(group.file))

    def _read_file(self, file: ArchiveFile, done: int) -> Iterator[RowGroup]:
        rows = done
        with file.fetched() as path:
            for group in read_groups(file, path, done):
                rows = group.first + len(group.entries)
                yield group
        self._sizes[file.name] = rows  # known before the last group is done: some are always under way
        if rows == done:
            self._ledger.write(file.name, rows, finished=True)


def _ask_version(serve: ServeClient) -> str:
    (current,) = serve.predict([clean("")])
    if not isinstance(current, ScoredText):
        raise PermanentError("serve refuses an empty text, so its release is unknown", code=current.code)
    return current.model_version


def _prepare_target(target: str) -> str:
    """Return the target's address, empty for the results store, after proving that it can be written."""
    if target == RESULTS:
        return ""
    address = target if urlsplit(target).scheme in ("s3", "file") else Path(target).absolute().as_uri()
    try:
        open_store(address).check()
    except SentimentError as error:
        raise ConfigurationError(
            f"--to cannot be written ({error.detail}); valid: results, /srv/scored, s3://bucket/scored"
        ) from None
    return address
