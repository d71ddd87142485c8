"""Hand groups to the engine, remember what is done, and show how far it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import click

from libs.backfill.archive import RESULTS, ArchiveFile, Group, list_files, read_groups, read_outdated_groups
from libs.backfill.ledger import Ledger
from libs.backfill.work import Chunk, Done, Work, do_chunk
from libs.results import open_results
from libs.scoring.predict import Predictor, Scored
from libs.service.settings import StreamSettings
from libs.values.tweet import pack_entries
from sentiment.errors import ConfigurationError, PermanentError, SentimentError
from sentiment.service.clock import WallClock
from sentiment.store import open_store
from sentiment.text.cleaning import clean

_INSTALL: Final = "backfill needs its optional packages: pip install -r code/stream/build/requirements-backfill.txt"
_AHEAD_OF_A_WORKER: Final = 3
_TRIES: Final = 5  # of a group whose store was down; workers that die are the engine's own affair


class Job(NamedTuple):
    """What is to be scored, whereto, and whether what was done before is to be done again."""

    place: str
    target: str
    scheduler: str = ""
    again: bool = False


def run_backfill(settings: StreamSettings, job: Job) -> dict[str, int]:
    """Score an archive into the results store or Parquet files and return the totals.

    Resumes by itself: rows that were done before are passed over. ``scheduler``: address of a Dask cluster whose workers
    have this app on their path; empty starts a cluster on this machine's cores. Raises ``ConfigurationError`` when the
    optional packages, the archive or the target are missing.
    """
    _import_optional("pyarrow")
    files = [] if job.place == RESULTS else list_files(job.place)
    target = _prepare_target(job.target)
    results = open_results(settings.results_url, settings.retention_days, many_writers=True)
    results.prepare()
    predictor = Predictor(settings.predict_url, settings.predict_api_key, WallClock())
    work = Work(
        settings.predict_url, settings.predict_api_key, settings.predict_batch, settings.results_url,
        settings.retention_days, settings.languages or predictor.read_languages(), target,
    )  # fmt: skip
    ledger = Ledger(results, job.place, target, again=job.again)
    run = _Run(ledger, files)
    with _connect(job.scheduler) as client, run.open_bar() as bar:
        groups = read_outdated_groups(results, _ask_version(predictor)) if job.place == RESULTS else run.read_files()
        for group, done in _do_all(client, work, groups):
            run.note(group, done)
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
        return _import_optional("tqdm").tqdm(total=total, initial=before, unit=" rows", desc="backfill")

    def read_files(self) -> Iterator[Group]:
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

    def note(self, group: Group, done: Done) -> None:
        """Count a group. Those of a file end in their order, so that a number of rows says which are done."""
        self.totals["rows"] += len(group.entries)
        for name, count in done._asdict().items():
            self.totals[name] += count
        if not group.rescored:
            rows = group.first + len(group.entries)
            self._ledger.write(group.file, rows, finished=rows == self._sizes.get(group.file))

    def _read_file(self, file: ArchiveFile, done: int) -> Iterator[Group]:
        rows = done
        with file.fetched() as path:
            for group in read_groups(file, path, done):
                rows = group.first + len(group.entries)
                yield group
        self._sizes[file.name] = rows  # known before the last group is done: some are always under way
        if rows == done:
            self._ledger.write(file.name, rows, finished=True)


def _do_all(client: Any, work: Work, groups: Iterator[Group]) -> Iterator[tuple[Group, Done]]:
    """Yield groups with what became of them, in their order, a few ahead of the workers."""
    ahead = max(2, _AHEAD_OF_A_WORKER * len(client.scheduler_info()["workers"]))
    waiting: deque[tuple[Group, Any]] = deque()
    for group in groups:
        chunk = Chunk(group.file, group.first, pack_entries(group.entries), group.rescored)
        waiting.append((group, client.submit(do_chunk, work, chunk, pure=False, retries=_TRIES)))
        if len(waiting) >= ahead:
            yield _wait_for(*waiting.popleft())
    while waiting:
        yield _wait_for(*waiting.popleft())


def _wait_for(group: Group, future: Any) -> tuple[Group, Done]:
    killed: type[Exception] = import_module("distributed").KilledWorker
    try:
        return group, future.result()
    except killed as error:
        place = f"{group.file}, {len(group.entries)} rows from row {group.first + 1} on"
        raise PermanentError(f"workers die of {place}: {error}", code="workers_died") from None


def _ask_version(predictor: Predictor) -> str:
    (current,) = predictor.predict([clean("")])
    if not isinstance(current, Scored):
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


@contextmanager
def _connect(scheduler: str) -> Iterator[Any]:
    engine = _import_optional("distributed")
    if scheduler:
        with engine.Client(scheduler) as client:
            yield client
        return
    # Loopback only: a worker runs whatever code it is sent.
    cluster = engine.LocalCluster(host="127.0.0.1", threads_per_worker=1, dashboard_address=None)
    with cluster, engine.Client(cluster) as client:
        yield client


def _import_optional(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise ConfigurationError(_INSTALL) from None
