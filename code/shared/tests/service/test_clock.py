"""The wall clock: it waits as long as it is asked to, and not a moment longer once it is stopped."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest

from sentiment.service.clock import StoppedError, WallClock


def test_it_waits_and_measures_real_time() -> None:
    clock = WallClock()
    started = clock.monotonic()
    clock.wait(0.05)
    clock.wait(-1)
    assert 0.05 <= clock.monotonic() - started < 5
    assert abs((datetime.now(UTC) - clock.now()).total_seconds()) < 5


def test_a_stop_ends_a_wait_at_once_and_every_wait_after_it() -> None:
    stop = threading.Event()
    clock = WallClock(stop)
    assert not clock.stopped
    threading.Timer(0.1, stop.set).start()
    started = time.monotonic()
    with pytest.raises(StoppedError):
        clock.wait(3600)
    with pytest.raises(StoppedError):
        clock.wait(0)
    assert time.monotonic() - started < 5
    assert clock.stopped
