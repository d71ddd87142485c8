"""What a role's loops work on, and what can be asked and done from outside while they run."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from libs.alerts import Alerts
from libs.results import Results
from libs.results.retention import keep_pruning
from libs.scoring import Analyzer, ServeClient
from libs.service.loops import Loops
from libs.service.settings import RoleSettings
from libs.sources import PostSource
from libs.spool import Ingester, Spool, lock_role
from libs.values.position import Position
from libs.values.status import PipelineStatus
from libs.values.tweet import DeadLetter, Entry, Tweet, unpack_entries
from sentiment.errors import PermanentError, TransientError
from sentiment.service.clock import WallClock
from sentiment.service.http.app import Readiness


class Pipeline:
    """A spool and a results store, with the loops that fill the one from a source and the other from the spool."""

    def __init__(self, settings: RoleSettings, spool: Spool, results: Results, clock: WallClock) -> None:
        """Start without loops: ``add_reading`` and ``add_scoring`` add them, ``start`` sets them going."""
        self._settings = settings
        self.spool = spool
        self.results = results
        self._clock = clock
        self._loops = Loops(clock)
        self._parts: dict[str, Any] = {}
        self._source: PostSource | None = None

    def add_reading(self, source: PostSource, ingester: Ingester) -> None:
        """Add the loop from the source into the spool."""
        self._source = source
        self._parts |= {"source": source, "spool": ingester}
        self._loops.add("ingest", ingester.run, partial(lock_role, self._settings.spool_address, "ingest"))

    def add_scoring(self, serve: ServeClient, analyzer: Analyzer) -> None:
        """Add the loop from the spool into the results store, and the one that prunes what is stored."""
        self._parts |= {"predict": serve, "store": analyzer}
        analyze = partial(self._analyze, analyzer)
        self._loops.add("analyze", analyze, partial(lock_role, self._settings.spool_address, "analyze"))
        self._loops.add("retention", self._prune)

    def start(self) -> None:
        """Start the loops. Tables are made at once when the store is up, else as soon as it is."""
        with suppress(TransientError):
            self.results.prepare()
        if self._settings.alert_webhook_url:
            url, role = self._settings.alert_webhook_url, self._settings.role
            self._loops.add("alerts", Alerts(url, role, self.results, self.read_status, self._clock).run)
        self._loops.start()

    def stop(self) -> None:
        """End the loops within a second."""
        self._loops.stop()

    def readiness(self) -> Readiness:
        """Return what keeps this role from its work."""
        return Readiness(self._list_problems(), {"role": self._settings.role})

    def read_status(self) -> PipelineStatus:
        """Return what is wrong, how far the source is read and how many entries wait."""
        return PipelineStatus(self._list_problems(), self._read_position(), self.spool.count())

    def retry(self, letter: DeadLetter) -> None:
        """Put a dead letter's post into the spool once more; ``PermanentError`` when it still cannot be read."""
        try:
            entries = unpack_entries(letter.original)
        except PermanentError:
            entries = self._reread(letter)
        tweets = [entry._replace(dead_letter=letter.id) if isinstance(entry, Tweet) else entry for entry in entries]
        self.spool.put("retries", tweets, None)

    def progress(self) -> dict[str, Any]:
        """Return how far the source is read and the spool worked off; counts are durable, null where a role cannot know.

        ``finished``: the source has ended, and everything taken from it is stored or with the dead letters.
        """
        position, spooled = self._read_position(), self.spool.count()
        counts = self.results.count_all()
        return {
            "read": position.emitted if position else None,
            "source_finished": position.finished if position else None,
            "spooled": spooled,
            "finished": position.finished and not spooled if position else None,
            **counts,
        }

    def _list_problems(self) -> list[str]:
        problems = {name: part.problem for name, part in self._parts.items()} | self._loops.failures
        return [f"{name}: {problem}" for name, problem in problems.items() if problem]

    def _read_position(self) -> Position | None:
        return self.spool.read_position(self._source.key) if self._source else None

    def _reread(self, letter: DeadLetter) -> list[Entry]:
        if self._source is None:
            raise PermanentError("only a role that reads the source can read its messages anew", code="not_readable")
        return self._source.parse(letter.original)

    def _analyze(self, analyzer: Analyzer) -> None:
        self.results.prepare()
        analyzer.run(self._settings.languages)

    def _prune(self) -> None:
        self.results.prepare()
        keep_pruning(self.results, self._settings.retention_days, self._clock)
