"""Hand groups to the engine, remember what is done, and show how far it is."""

from __future__ import annotations

import logging
from collections import deque
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import orjson

from libs.backfill.archive import RESULTS, Group, count_rows, list_files, read_groups, read_outdated_groups
from libs.backfill.work import Done, Work, do_group
from libs.pacing import WallClock
from libs.predict import Predictor, Scored
from libs.results import Results, open_results
from libs.sources import Position
from libs.times import now
from libs.tweet import pack_entries
from sentiment.cleaning import clean
from sentiment.errors import ConfigurationError, PermanentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from libs.settings import StreamSettings

logger = logging.getLogger(__name__)

_INSTALL: Final = "backfill needs its optional packages: pip install -r code/stream/build/requirements-backfill.txt"
_AHEAD_OF_A_WORKER: Final = 3
_KILLED_OFTEN: Final = 5  # a group is given up when so many workers died of it


def run_backfill(settings: StreamSettings, place: str, target: str, scheduler: str) -> dict[str, int]:
    """Score the archive ``place`` into ``target`` (``results`` or a folder for Parquet) and return the totals.

    Resumes by itself: groups that were done before are passed over. ``scheduler``: address of a Dask cluster whose workers
    have this app on their path; empty starts a cluster on this machine's cores. Raises ``ConfigurationError`` when the
    optional packages, the archive or the target are missing.
    """
    results = open_results(settings.results_url, settings.retention_days, many_writers=True)
    results.prepare()
    predictor = Predictor(settings.predict_url, settings.predict_api_key, WallClock())
    work = Work(
        settings.predict_url, settings.predict_api_key, settings.predict_batch, settings.results_url,
        settings.retention_days, settings.languages or predictor.read_languages(), _prepare_target(target),
    )  # fmt: skip
    done_before = f"backfill:{place}→{target}"
    totals = {"rows": 0, "stored": 0, "dead_letters": 0, "skipped": 0}
    with _connect(scheduler) as client, _open_bar(place) as bar:
        for group, done in _do_all(client, work, _open_groups(results, predictor, place), results, done_before):
            totals["rows"] += group.rows
            for name, count in done._asdict().items():
                totals[name] += count
            bar.update(group.rows)
    return totals


def _open_bar(place: str) -> Any:
    tqdm: Any = import_module("tqdm").tqdm
    return tqdm(total=None if place == RESULTS else count_rows(place), unit=" rows", desc="backfill")


def _open_groups(results: Results, predictor: Predictor, place: str) -> Iterator[Group]:
    if place == RESULTS:
        (current,) = predictor.predict([clean("")])
        if not isinstance(current, Scored):
            raise PermanentError("serve refuses an empty text, so its release is unknown", code=current.code)
        yield from read_outdated_groups(results, current.model_version)
        return
    for name, path in list_files(place):
        yield from read_groups(name, path)


def _do_all(
    client: Any, work: Work, groups: Iterator[Group], results: Results, key: str
) -> Iterator[tuple[Group, Done]]:
    """Yield groups with what became of them, in their order, a few ahead of the workers."""
    finished: dict[str, int] = orjson.loads(results.read_position(key).cursor or "{}")
    ahead = max(2, _AHEAD_OF_A_WORKER * len(client.scheduler_info()["workers"]))
    waiting: deque[tuple[Group, Any]] = deque()
    for group in groups:
        if group.number < finished.get(group.file, 0):
            continue
        name, packed = f"{group.file}#{group.number}", pack_entries(group.entries)
        future = client.submit(do_group, work, name, packed, pure=False, retries=_KILLED_OFTEN)
        waiting.append((group._replace(entries=[]), future))
        # Outdated results are asked for anew after each group: it has to be stored before.
        while len(waiting) >= ahead or (waiting and group.file == RESULTS):
            yield _finish(*waiting.popleft(), results=results, key=key, finished=finished)
    while waiting:
        yield _finish(*waiting.popleft(), results=results, key=key, finished=finished)


def _finish(group: Group, future: Any, *, results: Results, key: str, finished: dict[str, int]) -> tuple[Group, Done]:
    """Wait for a group and note it: groups of a file are done in order, so their count says which."""
    done: Done = future.result()
    if group.file != RESULTS:
        finished[group.file] = group.number + 1
        results.write_position(key, Position(orjson.dumps(finished).decode(), now()))
    return group, done


def _prepare_target(target: str) -> str:
    if target == RESULTS:
        return ""
    parts = urlsplit(target)
    folder = Path(unquote(parts.path)) if parts.scheme == "file" else Path(target)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"--to cannot be written ({error.strerror}); valid: results or /srv/scored") from None
    return str(folder.absolute())


@contextmanager
def _connect(scheduler: str) -> Iterator[Any]:
    try:
        engine: Any = import_module("distributed")
    except ImportError:
        raise ConfigurationError(_INSTALL) from None
    if scheduler:
        with engine.Client(scheduler) as client:
            yield client
        return
    # Loopback only: a worker runs whatever code it is sent.
    cluster = engine.LocalCluster(host="127.0.0.1", threads_per_worker=1, dashboard_address=None)
    with cluster, engine.Client(cluster) as client:
        yield client
