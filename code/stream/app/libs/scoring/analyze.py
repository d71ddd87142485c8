"""clean → predict → store: one round turns what lies in the spool into what lies in the table."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from libs.scoring.batches import SortedEntries, bury_result, score_entries, sort_entries
from libs.scoring.predict import ServeClient
from libs.service.metrics import DEAD, DELAY, LAST_STORED, SKIPPED, SPOOLED, STORED
from libs.spool.interface import Parcel, Spool
from libs.values.result import ResultBatch
from libs.values.times import read_time
from sentiment.errors import PermanentError, TransientError
from sentiment.service.clock import Clock, StoppedError
from sentiment.service.retry import Backoff, retry
from sentiment.service.threads import start_thread

logger = logging.getLogger(__name__)

_IN_FLIGHT: Final = 3  # one batch being scored, one on its way, one being stored
_IDLE_SECONDS: Final = 0.5


class _Round(NamedTuple):
    parcels: list[Parcel]
    entries: SortedEntries
    batch: Future[ResultBatch]


class Analyzer:
    """Takes parcels in order, keeps a few rounds in flight, and stores them in order."""

    def __init__(
        self, spool: Spool, serve: ServeClient, store: Callable[[ResultBatch], None], clock: Clock, batch_size: int
    ) -> None:
        """``store``: keeps a batch for good, see ``libs.results``; ``batch_size``: most texts in one call of serve."""
        self._spool = spool
        self._serve = serve
        self._store_batch = store
        self._clock = clock
        self._batch_size = batch_size
        self._rounds: deque[_Round] = deque()
        self._held: list[Parcel] = []
        self.problem = ""
        """Why results cannot be stored at the moment; empty while they can."""

    def run(self, languages: frozenset[str]) -> None:
        """Work until ``StoppedError``; ``languages`` empty = those of serve's release."""
        ended = threading.Event()
        start_thread("keep alive", lambda: self._keep_alive(ended))
        try:
            languages = languages or self._serve.read_languages()
            while not self._clock.stopped:
                self._fill(languages)
                if self._rounds:
                    self._finish(self._rounds[0])
                    self._rounds.popleft()
                    self._note_held()
        finally:
            ended.set()
            self._spool.give_back(self._held)
            self._rounds.clear()
            self._note_held()
        raise StoppedError

    def _note_held(self) -> None:
        # A list of its own each time, since another thread reads it.
        self._held = [parcel for round_ in self._rounds for parcel in round_.parcels]

    def _fill(self, languages: frozenset[str]) -> None:
        while len(self._rounds) < _IN_FLIGHT and not self._clock.stopped:
            parcels = self._spool.take(self._batch_size, 0.0 if self._rounds else _IDLE_SECONDS)
            if not parcels:
                return
            entries = sort_entries(parcels, languages)
            score = partial(score_entries, entries, self._serve.predict, self._batch_size)
            self._rounds.append(_Round(parcels, entries, start_thread("predict", score)))
            self._note_held()

    def _finish(self, round_: _Round) -> None:
        batch = self._await(round_.batch)
        self._store(batch, round_.entries)
        self._retry(partial(self._spool.acknowledge, round_.parcels))
        self._count(batch, round_.entries)

    def _await(self, future: Future[ResultBatch]) -> ResultBatch:
        while True:
            try:
                return future.result(timeout=_IDLE_SECONDS)
            except TimeoutError:
                if self._clock.stopped:
                    raise StoppedError from None

    def _keep_alive(self, ended: threading.Event) -> None:
        """Extend the lease of the parcels taken, however long serve or the store takes."""
        while not ended.wait(self._spool.keep_alive_seconds):
            try:
                self._spool.keep_alive(self._held)
            except TransientError as error:  # at worst another worker does the same work once more
                logger.warning("parcels not kept", extra={"code": error.code, "detail": error.detail})

    def _store(self, batch: ResultBatch, entries: SortedEntries) -> None:
        """Store all of it; a result that the store refuses for good goes to the dead letters, found by halving."""
        try:
            self._retry(partial(self._store_batch, batch))
        except PermanentError as error:
            if not batch.results:
                raise
            if len(batch.results) == 1:
                self._store(bury_result(batch, entries, error), entries)
                return
            middle = len(batch.results) // 2
            self._store(replace(batch, results=batch.results[:middle], buried=()), entries)
            self._store(replace(batch, results=batch.results[middle:]), entries)

    def _retry(self, attempt: Callable[[], None]) -> None:
        retry(attempt, self._clock, Backoff(), report=self._report)
        self.problem = ""

    def _report(self, error: TransientError, _failures: int) -> None:
        self.problem = error.detail
        logger.warning("waiting to store", extra={"code": error.code, "detail": error.detail})

    def _count(self, batch: ResultBatch, entries: SortedEntries) -> None:
        for (source, sentiment), posts in Counter((row.source, row.sentiment) for row in batch.results).items():
            STORED.labels(source, sentiment).inc(posts)
        for reason, letters in Counter(letter.reason for letter in batch.dead_letters).items():
            DEAD.labels(reason).inc(letters)
        for lang, posts in Counter(_name_language(skipped.lang) for skipped in batch.skipped).items():
            SKIPPED.labels(lang).inc(posts)
        if entries.tweets:
            LAST_STORED.set_to_current_time()
        moment = self._clock.now()
        for read_at, posts in Counter(tweet.read_at for tweet in entries.tweets).items():
            delay_seconds = max(0.0, (moment - read_time(read_at)).total_seconds())
            for _ in range(posts):
                DELAY.observe(delay_seconds)
        SPOOLED.set(self._spool.count())


def _name_language(lang: str) -> str:
    """Return a language's two letters, or ``other``: a post may name any, and each is a series kept for ever."""
    primary = lang.partition("-")[0].lower()
    return primary if len(primary) == 2 and primary.isascii() and primary.isalpha() else "other"
