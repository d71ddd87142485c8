"""How long X asks a client to wait before it connects again.

https://docs.x.com/x-api/fundamentals/consuming-streaming-data: after a dropped connection at once; TCP errors 250 ms more
each time, up to 16 s; HTTP errors 5 s, doubling up to 320 s; 429 from 60 s, doubling, and not before
``x-rate-limit-reset``. At most 50 connects in 15 minutes, of which this client leaves some to its operator.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from sentiment.service.clock import Clock

_NETWORK_STEP_SECONDS: Final = 0.25
_NETWORK_LONGEST_SECONDS: Final = 16.0
_HTTP_FIRST_SECONDS: Final = 5.0
_HTTP_LONGEST_SECONDS: Final = 320.0
_LIMIT_FIRST_SECONDS: Final = 60.0
_LIMIT_LONGEST_SECONDS: Final = 960.0  # one more doubling than a window of 15 minutes
_WINDOW_SECONDS: Final = 900.0
_CONNECTS_IN_WINDOW: Final = 40


class XBackoff:
    """Counts failures in a row; ``succeed`` begins anew."""

    def __init__(self, clock: Clock) -> None:
        """Start without failures."""
        self._clock = clock
        self._network_errors = 0
        self._http_seconds = 0.0
        self._limit_seconds = 0.0
        self._connects: deque[float] = deque()

    def succeed(self) -> None:
        """Note that the stream gave something: the next drop is answered at once."""
        self._network_errors = 0
        self._http_seconds = self._limit_seconds = 0.0

    def wait_after_network_error(self) -> None:
        """Wait after a connection that dropped, stalled, closed or could not be made: the first time not at all."""
        seconds = min(self._network_errors * _NETWORK_STEP_SECONDS, _NETWORK_LONGEST_SECONDS)
        self._network_errors += 1
        self._clock.wait(seconds)

    def wait_after_http_error(self) -> None:
        """Wait after an answer other than 200 and 429."""
        self._http_seconds = min(max(2 * self._http_seconds, _HTTP_FIRST_SECONDS), _HTTP_LONGEST_SECONDS)
        self._clock.wait(self._http_seconds)

    def wait_after_limit(self, reset_epoch_seconds: int | None) -> None:
        """Wait after a 429: as long as the rule says, and until the reset that the answer names if that is later."""
        self._limit_seconds = min(max(2 * self._limit_seconds, _LIMIT_FIRST_SECONDS), _LIMIT_LONGEST_SECONDS)
        until_reset = (reset_epoch_seconds or 0) + 1 - self._clock.now().timestamp()
        self._clock.wait(max(self._limit_seconds, min(until_reset, _LIMIT_LONGEST_SECONDS)))

    def wait_for_connect(self) -> None:
        """Wait until one more connect keeps within X's limit, whatever the reasons of the connects before."""
        while self._connects and self._clock.monotonic() - self._connects[0] >= _WINDOW_SECONDS:
            self._connects.popleft()
        if len(self._connects) >= _CONNECTS_IN_WINDOW:
            self._clock.wait(self._connects[0] + _WINDOW_SECONDS - self._clock.monotonic())
            self._connects.popleft()
        self._connects.append(self._clock.monotonic())
