"""The loops of a role, each in a thread that starts anew after a failure: all they know is in the spool and the table."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any, Final

from libs.alerts.alerts import Alerts
from libs.results import open_results
from libs.results.retention import keep_pruning
from libs.scoring.analyze import Analyzer
from libs.scoring.predict import Predictor
from libs.service.settings import Role, StreamSettings
from libs.sources import open_source
from libs.spool import open_spool
from libs.spool.ingest import Ingester
from libs.spool.lock import lock_role
from libs.values.position import Position
from libs.values.tweet import DeadLetter, Entry, Tweet, unpack_entries
from sentiment.errors import PermanentError, SentimentError, TransientError
from sentiment.service.clock import StoppedError, WallClock
from sentiment.service.http.app import Readiness
from sentiment.service.retry import Backoff, retry

logger = logging.getLogger(__name__)

_STOP_SECONDS: Final = 0.7  # a stop has to be over within a second


class Pipeline:
    """source → spool → clean → predict → store, as far as the role goes."""

    def __init__(self, settings: StreamSettings, role: Role) -> None:
        """Make the parts; ``start`` sets them going. Raises ``SentimentError`` when the spool cannot be opened."""
        self._settings = settings
        self.role = role
        self._stop = threading.Event()
        self._clock = WallClock(self._stop)
        self._threads: list[threading.Thread] = []
        self._failures: dict[str, str] = {}
        alone = settings.spool_url.startswith("file:")  # its lock lets one process analyze
        self.results = open_results(settings.results_url, settings.retention_days, many_writers=not alone)
        self.spool = open_spool(settings, self.results)
        self._source = open_source(settings, self._clock) if role != "analyze" else None
        self._ingester = Ingester(self._source, self.spool, self._clock) if self._source else None
        self._predictor = Predictor(settings.predict_url, settings.predict_api_key, self._clock)
        self._analyzer = Analyzer(self.spool, self._predictor, self.results, self._clock, settings.predict_batch)

    def start(self) -> None:
        """Start the role's loops. Tables are made at once when the store is up, else as soon as it is."""
        with suppress(TransientError):
            self.results.prepare()
        if self._ingester:
            self._run("ingest", self._ingester.run)
        if self.role != "ingest":
            self._run("analyze", self._analyze)
            self._run("retention", self._prune, alone=False)
        if self._settings.alert_webhook_url:
            alerts = Alerts(self._settings.alert_webhook_url, self, self._clock)
            self._run("alerts", alerts.run, alone=False)

    def stop(self) -> None:
        """Ask the loops to end and wait for them for less than a second; what they leave undone is done at the next start."""
        self._stop.set()
        for thread in self._threads:
            thread.join(_STOP_SECONDS / len(self._threads))

    def readiness(self) -> Readiness:
        """Say what keeps this role from its work."""
        troubles = {
            "source": self._source.trouble if self._source else "",
            "spool": self._ingester.trouble if self._ingester else "",
            "predict": self._predictor.trouble,
            "store": self._analyzer.trouble,
            **self._failures,
        }
        return Readiness([f"{part}: {trouble}" for part, trouble in troubles.items() if trouble], {"role": self.role})

    def retry(self, letter: DeadLetter) -> None:
        """Put a dead letter's post into the spool once more; ``PermanentError`` when it still cannot be read."""
        try:
            entries = unpack_entries(letter.original)
        except PermanentError:
            entries = self._reread(letter)
        tweets = [entry._replace(dead_letter=letter.id) if isinstance(entry, Tweet) else entry for entry in entries]
        self.spool.put("retries", tweets, None)

    def _reread(self, letter: DeadLetter) -> list[Entry]:
        if self._source is None:
            raise PermanentError("only a role that reads the source can read its messages anew", code="not_readable")
        return self._source.parse(letter.original)

    def progress(self) -> dict[str, Any]:
        """Return how far the source is read and the spool worked off; counts are durable, null where a role cannot know.

        ``finished``: the source has ended, and everything taken from it is stored or with the dead letters.
        """
        position, spooled = self.read_state()
        counts = self.results.count_all()
        return {
            "read": position.emitted if position else None,
            "source_finished": position.finished if position else None,
            "spooled": spooled,
            "finished": position.finished and not spooled if position else None,
            **counts,
        }

    def _analyze(self) -> None:
        self.results.prepare()
        self._analyzer.run(self._settings.languages)

    def read_state(self) -> tuple[Position | None, int]:
        """Return how far the source is read (None for a role that does not read) and how many entries wait."""
        position = self.spool.read_position(self._source.key) if self._source else None
        return position, self.spool.count()

    def _prune(self) -> None:
        self.results.prepare()
        keep_pruning(self.results, self._settings.retention_days, self._clock)

    def _run(self, role: str, work: Callable[[], None], *, alone: bool = True) -> None:
        """Start a loop; ``alone``: only one process may do it on a folder spool."""
        thread = threading.Thread(target=self._supervise, args=(role, work, alone), name=role, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _supervise(self, role: str, work: Callable[[], None], alone: bool) -> None:  # noqa: FBT001 - a thread's argument
        with suppress(StoppedError):
            retry(partial(self._try, role, work, alone=alone), self._clock, Backoff(first_seconds=1.0))

    def _try(self, role: str, work: Callable[[], None], *, alone: bool) -> None:
        """Do the work. What went wrong is logged, shown by ``/ready``, and raised as a ``TransientError``, whatever it was."""
        try:
            with lock_role(self._settings.spool_url, role) if alone else nullcontext():
                self._failures.pop(role, None)
                work()
        except StoppedError:
            raise
        except SentimentError as error:
            self._failures[role] = error.detail
            logger.warning("starting anew", extra={"role": role, "code": error.code, "detail": error.detail})
            raise TransientError(error.detail, code=error.code) from error
        except Exception as error:
            self._failures[role] = f"failed unexpectedly ({type(error).__name__}); the log says where"
            logger.exception("starting anew", extra={"role": role})
            raise TransientError(self._failures[role], code="unexpected") from error
        logger.info("finished", extra={"role": role})
