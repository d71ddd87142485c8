"""Loops: each starts anew after whatever went wrong, says so meanwhile, and ends at once when it is asked to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from libs.service.loops import Loops
from sentiment.errors import PermanentError, TransientError
from sentiment.service.clock import WallClock


class QuickClock(WallClock):
    """Waits a hundredth of the time, and remembers how long it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        super().wait(seconds / 100)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (TransientError("the store is down", code="results_down"), "the store is down"),
        (PermanentError("refused", code="refused"), "refused"),
        (ValueError("sesame"), "failed unexpectedly (ValueError); the log says where"),
    ],
)
def test_work_that_fails_is_done_again_and_meanwhile_its_failure_is_known(error: Exception, failure: str) -> None:
    clock, seen, done = QuickClock(), [], threading.Event()
    loops = Loops(clock)

    def work() -> None:
        seen.append(loops.failures.get("analyze"))
        if len(seen) < 4:
            raise error
        done.set()

    known: list[str] = []
    real_wait = clock.wait

    def wait(seconds: float) -> None:
        known.append(loops.failures["analyze"])
        real_wait(seconds)

    clock.wait = wait  # type: ignore[method-assign]
    loops.add("analyze", work)
    loops.start()
    assert done.wait(10)
    loops.stop()
    assert seen == [None] * 4, "what is at work again is no failure any more"
    assert known == [failure] * 3
    assert [0.5 <= waited <= 4.0 for waited in clock.waits] == [True] * 3
    assert clock.waits[2] >= 2.0, "from one second on it doubles"


def test_a_stop_ends_loops_that_wait_within_a_second() -> None:
    clock = WallClock()
    loops = Loops(clock)

    def fail() -> None:
        raise TransientError("down", code="down")

    loops.add("waits", lambda: clock.wait(3600))
    loops.add("fails", fail)
    loops.start()
    wait_until(lambda: "fails" in loops.failures)
    started = time.monotonic()
    loops.stop()
    assert time.monotonic() - started < 1
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"waits", "fails"}


def test_work_that_ends_is_not_done_again() -> None:
    clock, calls = QuickClock(), []
    loops = Loops(clock)
    loops.add("ingest", lambda: calls.append(1))
    loops.start()
    wait_until(lambda: bool(calls))
    loops.stop()
    assert calls == [1]


def test_work_is_done_under_its_lock_and_waits_while_another_has_it() -> None:
    clock, events = QuickClock(), []
    loops = Loops(clock)
    taken = [True, True, False]

    @contextmanager
    def lock() -> Iterator[None]:
        if taken.pop(0):
            raise TransientError("another process does it", code="role_taken")
        events.append("locked")
        yield
        events.append("unlocked")

    loops.add("analyze", lambda: events.append("work"), lock)
    loops.start()
    wait_until(lambda: "unlocked" in events)
    loops.stop()
    assert events == ["locked", "work", "unlocked"]
