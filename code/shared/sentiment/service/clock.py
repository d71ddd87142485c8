"""Time as a value that is passed in: waiting that a stop ends at once, and hours that a test lets pass in a moment."""

from __future__ import annotations

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
    """What measures time and waits."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""

    def now(self) -> datetime:
        """Return the moment in UTC."""

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
        """Return seconds of the machine's steady clock."""
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
