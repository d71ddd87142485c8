"""clean → predict → store: one round turns what lies in the spool into what lies in the table."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from libs.background import begin
from libs.batches import Share, build_batch, bury_result, sort_entries
from libs.metrics import DEAD, DELAY, LAST_STORED, SKIPPED, SPOOLED, STORED
from libs.pacing import Backoff, StoppedError
from libs.times import now, read_time
from sentiment.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from libs.pacing import Clock
    from libs.predict import Predictor
    from libs.results import Batch, Results
    from libs.spool import Parcel, Spool

logger = logging.getLogger(__name__)

_IN_FLIGHT: Final = 3  # one batch being scored, one on its way, one being stored
_IDLE_SECONDS: Final = 0.5
_KEEP_ALIVE_SECONDS: Final = 10.0


class _Round(NamedTuple):
    parcels: list[Parcel]
    share: Share
    batch: Future[Batch]


class Analyzer:
    """Takes parcels in order, keeps a few rounds in flight, and stores them in order."""

    def __init__(self, spool: Spool, predictor: Predictor, results: Results, clock: Clock, batch_size: int) -> None:
        """``batch_size``: most texts in one call of serve."""
        self._spool = spool
        self._predictor = predictor
        self._results = results
        self._clock = clock
        self._batch_size = batch_size
        self._rounds: deque[_Round] = deque()
        self._kept_alive = clock.monotonic()
        self.trouble = ""
        """Why results cannot be stored at the moment; empty while they can."""

    def run(self, languages: frozenset[str]) -> None:
        """Work until ``StoppedError``; ``languages`` empty = those of serve's release."""
        try:
            languages = languages or self._predictor.read_languages()
            while not self._clock.stopped:
                self._fill(languages)
                if self._rounds:
                    self._finish(self._rounds[0])
                    self._rounds.popleft()
        finally:
            self._spool.give_back([parcel for round_ in self._rounds for parcel in round_.parcels])
            self._rounds.clear()
        raise StoppedError

    def _fill(self, languages: frozenset[str]) -> None:
        while len(self._rounds) < _IN_FLIGHT and not self._clock.stopped:
            parcels = self._spool.take(self._batch_size, 0.0 if self._rounds else _IDLE_SECONDS)
            if not parcels:
                return
            share = sort_entries(parcels, languages)
            self._rounds.append(_Round(parcels, share, begin("predict", lambda share=share: self._predict(share))))  # type: ignore[misc]

    def _predict(self, share: Share) -> Batch:
        texts = share.clean_texts()
        starts = range(0, len(texts), self._batch_size)
        answers = [
            answer for start in starts for answer in self._predictor.predict(texts[start : start + self._batch_size])
        ]
        return build_batch(share, texts, answers)

    def _finish(self, round_: _Round) -> None:
        batch = self._await(round_.batch)
        self._store(batch, round_.share)
        self._retry(lambda: self._spool.acknowledge(round_.parcels))
        self._count(batch, round_.share)

    def _await(self, future: Future[Batch]) -> Batch:
        while True:
            try:
                return future.result(timeout=_KEEP_ALIVE_SECONDS / 10)
            except TimeoutError:
                if self._clock.stopped:
                    raise StoppedError from None
                self._keep_alive()

    def _keep_alive(self) -> None:
        if self._clock.monotonic() - self._kept_alive >= _KEEP_ALIVE_SECONDS:
            self._kept_alive = self._clock.monotonic()
            self._retry(lambda: self._spool.keep_alive([p for round_ in self._rounds for p in round_.parcels]))

    def _store(self, batch: Batch, share: Share) -> None:
        """Store all of it; a result that the store refuses for good goes to the dead letters, found by halving."""
        try:
            self._retry(lambda: self._results.store(batch))
        except PermanentError as error:
            if not batch.results:
                raise
            if len(batch.results) == 1:
                self._store(bury_result(batch, share, error), share)
                return
            middle = len(batch.results) // 2
            self._store(replace(batch, results=batch.results[:middle], buried=()), share)
            self._store(replace(batch, results=batch.results[middle:]), share)

    def _retry(self, attempt: Callable[[], None]) -> None:
        backoff = Backoff(self._clock)
        while True:
            try:
                attempt()
            except TransientError as error:
                self.trouble = error.detail
                logger.warning("waiting to store", extra={"code": error.code, "detail": error.detail})
                backoff.wait()
            else:
                self.trouble = ""
                return

    def _count(self, batch: Batch, share: Share) -> None:
        for result in batch.results:
            STORED.labels(result.source, result.sentiment).inc()
        for letter in batch.dead_letters:
            DEAD.labels(letter.reason).inc()
        for skipped in batch.skipped:
            SKIPPED.labels(skipped.lang).inc()
        if share.tweets:
            oldest = min(tweet.read_at for tweet in share.tweets)
            LAST_STORED.set_to_current_time()
            DELAY.observe(max(0.0, (read_time(now()) - read_time(oldest)).total_seconds()))
        SPOOLED.set(self._spool.count())
