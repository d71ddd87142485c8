"""A wish to stop, noted by a handler and obeyed between two steps, so that no process is started and forgotten."""

from __future__ import annotations

import signal
import time
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_POLL_SECONDS: Final = 0.1


class StoppedError(Exception):
    """Somebody asked the demo to stop."""

    def __init__(self, number: int) -> None:
        """Keep which signal it was."""
        super().__init__(signal.Signals(number).name)
        self.number = number


class StopWish:
    """Remembers the first signal; from then on further ones change nothing, since the end is under way already."""

    def __init__(self) -> None:
        """Take over the signals by which people and service managers end a program."""
        self._number: int | None = None
        for number in _SIGNALS:
            signal.signal(number, self._note)

    def obey(self) -> None:
        """Raise ``StoppedError`` when a signal has come."""
        if self._number is not None:
            raise StoppedError(self._number)

    def sleep(self, seconds: float) -> None:
        """Sleep, but no longer than until a signal comes."""
        deadline = time.monotonic() + seconds
        self.obey()
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _POLL_SECONDS))
            self.obey()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self._number is None:
            self._number = number
