"""Time that passes only when something waits: an hour of back-off takes a moment."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from sentiment.service.clock import StoppedError


class VirtualClock:
    """Stops everything when ``seconds`` have passed."""

    def __init__(self, seconds: float = 3600.0) -> None:
        self._moving = threading.Lock()
        self.elapsed = 0.0
        self.waits: list[float] = []
        self._ends = seconds
        self._start = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.elapsed

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.elapsed)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        with self._moving:
            self.elapsed += max(0.0, seconds)
        if self.elapsed >= self._ends:
            raise StoppedError

    def advance_to(self, moment: float) -> None:
        """Let time pass for everybody, as a simulated world does; it never goes back."""
        with self._moving:
            self.elapsed = max(self.elapsed, moment)

    @property
    def stopped(self) -> bool:
        return self.elapsed >= self._ends
