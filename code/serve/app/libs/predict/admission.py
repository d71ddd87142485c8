"""Admission control: how many requests are computed at once, and how many may wait; all others are refused at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import BoundedSemaphore, Semaphore

from sentiment.errors import PermanentError, TransientError

arrival: ContextVar[float | None] = ContextVar("arrival", default=None)
"""When the request came in, on the monotonic clock: set by the server's worker, before the wait for a thread."""

_UNIX_TIME_FROM = 10**12
"""Deadlines from here on are Unix times in milliseconds (September 2001), below it budgets (32 years)."""


class Admission:
    """A request, single or batch, takes one place; there are ``slots`` to compute in and ``waiting`` to wait in."""

    def __init__(self, slots: int, waiting: int) -> None:
        """Both counts are of one worker."""
        self._slots = Semaphore(slots)
        self._places = BoundedSemaphore(slots + waiting)

    @contextmanager
    def admit(self, deadline: float | None) -> Iterator[None]:
        """Hold a slot for the block; ``deadline`` is on ``time.monotonic``'s clock.

        Raises ``TransientError``: ``overloaded`` at once when all places are taken, ``deadline_passed`` when the
        deadline comes before a slot: nobody waits for that answer any more, so it is not computed.
        """
        if not self._places.acquire(blocking=False):
            raise TransientError("too many requests at once; try again soon", code="overloaded", retry_after_seconds=1)
        try:
            self._take_slot(deadline)
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._places.release()

    def _take_slot(self, deadline: float | None) -> None:
        if deadline is None:
            self._slots.acquire()
            return
        left = deadline - time.monotonic()
        if left <= 0 or not self._slots.acquire(timeout=left):
            raise TransientError("the deadline passed before the work began", code="deadline_passed")


def read_deadline(header: str | None, arrived: float) -> float | None:
    """Return the moment on the monotonic clock that ``X-Request-Deadline-Ms`` names, or None without the header.

    The header holds milliseconds: a budget counted from ``arrived``, or a Unix time. Raises
    ``PermanentError("bad_deadline")`` for anything else.
    """
    if header is None:
        return None
    if not (header.isascii() and header.isdecimal() and len(header) <= 15):
        raise PermanentError(
            "X-Request-Deadline-Ms takes whole milliseconds: a budget or a Unix time", code="bad_deadline"
        )
    milliseconds = int(header)
    if milliseconds >= _UNIX_TIME_FROM:
        return time.monotonic() + milliseconds / 1000 - time.time()
    return arrived + milliseconds / 1000
