"""Waiting that a stop can interrupt at once, and time that a test can run by itself."""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC, datetime
from typing import Protocol

from sentiment.errors import SentimentError


class StoppedError(SentimentError):
    """The process was asked to end while something waited: leave all as it is, nothing is lost."""

    def __init__(self) -> None:
        """Carry the one code and sentence."""
        super().__init__("asked to stop", code="stopped")


class Clock(Protocol):
    """What waits and tells the time."""

    def monotonic(self) -> float:
        """Seconds that never jump."""

    def now(self) -> datetime:
        """Tell the moment in UTC."""

    def wait(self, seconds: float) -> None:
        """Wait; ``StoppedError`` at once when the process is asked to stop."""

    @property
    def stopped(self) -> bool:
        """Whether the process was asked to stop."""


class WallClock:
    """Real time, cut short by ``stop``."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        """``stop``: set when the process is to end; without one nothing interrupts."""
        self.stop = stop or threading.Event()

    def monotonic(self) -> float:
        """Seconds of the machine's steady clock."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the machine's time."""
        return datetime.now(UTC)

    def wait(self, seconds: float) -> None:
        """Wait on the stop event."""
        if self.stop.wait(max(0.0, seconds)):
            raise StoppedError

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` is set."""
        return self.stop.is_set()


class Backoff:
    """Waits that double from ``first_seconds`` to ``longest_seconds``, each shortened by up to half at random.

    The jitter keeps many workers from coming back in step (AWS builders' library, "Timeouts, retries and backoff with
    jitter").
    """

    def __init__(self, clock: Clock, first_seconds: float = 0.2, longest_seconds: float = 30.0) -> None:
        """Start at the first step."""
        self._clock = clock
        self._first = first_seconds
        self._longest = longest_seconds
        self.attempts = 0

    def wait(self, at_least_seconds: float = 0.0) -> None:
        """Wait for the next step's time, or for what the other side asked for when that is longer."""
        step = min(self._longest, self._first * 2.0 ** min(self.attempts, 30))
        self.attempts += 1
        jittered = step * random.uniform(0.5, 1.0)  # noqa: S311 - no secret  # nosec B311
        self._clock.wait(max(jittered, min(at_least_seconds, 2 * self._longest) * random.uniform(1.0, 1.1)))  # noqa: S311  # nosec B311

    def reset(self) -> None:
        """Begin anew after a success."""
        self.attempts = 0
