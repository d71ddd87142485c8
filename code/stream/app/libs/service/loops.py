"""Threads that start their work anew after a failure, with back-off, until they are stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import Final

from sentiment.errors import SentimentError, TransientError
from sentiment.service.clock import StoppedError, WallClock
from sentiment.service.retry import Backoff, retry

logger = logging.getLogger(__name__)

_STOP_SECONDS: Final = 0.7  # a stop has to be over within a second
_BACKOFF: Final = Backoff(first_seconds=1.0)


class Loops:
    """Named loops, a thread each. A loop may fail in any way: all it knows is in the spool and the table."""

    def __init__(self, clock: WallClock) -> None:
        """Nothing runs before ``start``; ``clock`` is what a stop interrupts."""
        self._clock = clock
        self._threads: list[threading.Thread] = []
        self.failures: dict[str, str] = {}
        """Why a loop is not running at the moment, by its name."""

    def add(
        self, name: str, work: Callable[[], None], lock: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        """Add a loop; ``work`` is done under ``lock``, once unless it fails."""
        supervise = partial(self._supervise, name, work, lock)
        self._threads.append(threading.Thread(target=supervise, name=name, daemon=True))

    def start(self) -> None:
        """Start all loops."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask the loops to end and wait for them for less than a second; what they leave undone is done at the next start."""
        self._clock.stop.set()
        for thread in self._threads:
            thread.join(_STOP_SECONDS / len(self._threads))

    def _supervise(self, name: str, work: Callable[[], None], lock: Callable[[], AbstractContextManager[None]]) -> None:
        with suppress(StoppedError):
            retry(partial(self._try, name, work, lock), self._clock, _BACKOFF)

    def _try(self, name: str, work: Callable[[], None], lock: Callable[[], AbstractContextManager[None]]) -> None:
        """Do the work. Whatever goes wrong is logged, kept in ``failures``, and raised as a ``TransientError``."""
        try:
            with lock():
                self.failures.pop(name, None)
                work()
        except StoppedError:
            raise
        except SentimentError as error:
            self.failures[name] = error.detail
            logger.warning("starting anew", extra={"role": name, "code": error.code, "detail": error.detail})
            raise TransientError(error.detail, code=error.code) from error
        except Exception as error:
            self.failures[name] = f"failed unexpectedly ({type(error).__name__}); the log says where"
            logger.exception("starting anew", extra={"role": name})
            raise TransientError(self.failures[name], code="unexpected") from error
        logger.info("finished", extra={"role": name})
