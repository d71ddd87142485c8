"""Retries with exponential back-off: tenacity's loop on a clock that a stop interrupts and a test can run by itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_never

from sentiment.errors import TransientError
from sentiment.service.clock import Clock

Outcome = TypeVar("Outcome")
_MOST_DOUBLINGS = 30  # far beyond any longest wait, and well within a float


@dataclass(frozen=True)
class Backoff:
    """Waits that double from ``first_seconds`` to ``longest_seconds``, each shortened by up to half at random.

    The jitter keeps many workers from coming back in step (AWS builders' library, "Timeouts, retries and backoff with
    jitter").
    """

    first_seconds: float = 0.2
    longest_seconds: float = 30.0

    def choose_seconds(self, failures: int, at_least_seconds: float = 0.0) -> float:
        """Return how long to wait after the given number of failures in a row, 1 or more.

        ``at_least_seconds``: what the other side asked for; it counts up to twice the longest wait, and is lengthened by up
        to a tenth at random.
        """
        step = min(self.longest_seconds, self.first_seconds * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))
        asked = min(at_least_seconds, 2 * self.longest_seconds)
        return max(step * random.uniform(0.5, 1.0), asked * random.uniform(1.0, 1.1))  # noqa: S311 - no secret  # nosec B311


def retry(
    attempt: Callable[[], Outcome],
    clock: Clock,
    backoff: Backoff,
    *,
    report: Callable[[TransientError, int], None] | None = None,
    tries: int | None = None,
    heed_retry_after: bool = False,
) -> Outcome:
    """Call ``attempt`` until it returns, waiting after each ``TransientError``, and return what it returns.

    ``report`` is called before each wait with the error and the number of failures so far. ``tries``: how often to call at
    most (None = without end); the last error is raised. ``heed_retry_after``: wait for at least as long as the error asks.
    Any other exception is raised at once, and so is ``StoppedError`` by the clock.
    """

    def choose_seconds(state: RetryCallState) -> float:
        error = _error_of(state)
        return backoff.choose_seconds(state.attempt_number, error.retry_after_seconds if heed_retry_after else 0.0)

    def report_failure(state: RetryCallState) -> None:
        if report:
            report(_error_of(state), state.attempt_number)

    retrying = Retrying(
        sleep=clock.wait,
        stop=stop_after_attempt(tries) if tries else stop_never,
        wait=choose_seconds,
        retry=retry_if_exception_type(TransientError),
        before_sleep=report_failure,
        reraise=True,
    )
    return retrying(attempt)


def _error_of(state: RetryCallState) -> TransientError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, TransientError):
        raise TypeError(error)  # the rule above retries nothing else
    return error
