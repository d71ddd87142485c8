"""Retrying: how long each wait is, when it ends, and that a stop ends it at once."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest

from sentiment.errors import PermanentError, TransientError
from sentiment.service.clock import StoppedError, WallClock
from sentiment.service.retry import Backoff, retry


class ListeningClock:
    """Waits for nothing and remembers how long it was asked to; stops after ``most`` waits."""

    stopped = False

    def __init__(self, most: int = 1000) -> None:
        self.waits: list[float] = []
        self._most = most

    def monotonic(self) -> float:
        return sum(self.waits)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, seconds: float) -> None:
        if len(self.waits) == self._most:
            raise StoppedError
        self.waits.append(seconds)


class Failing:
    """Fails so often, then answers."""

    def __init__(self, failures: int, *, retry_after_seconds: float = 1.0) -> None:
        self.left = failures
        self.calls = 0
        self._retry_after_seconds = retry_after_seconds

    def __call__(self) -> str:
        self.calls += 1
        self.left -= 1
        if self.left >= 0:
            raise TransientError(f"failure {self.calls}", code="down", retry_after_seconds=self._retry_after_seconds)
        return "answer"


def test_what_succeeds_at_once_never_waits() -> None:
    clock = ListeningClock()
    assert retry(Failing(0), clock, Backoff()) == "answer"
    assert clock.waits == []


def test_waits_double_from_the_first_to_the_longest_and_are_shortened_by_half_at_most() -> None:
    clock = ListeningClock()
    assert retry(Failing(12), clock, Backoff(first_seconds=0.2, longest_seconds=30.0)) == "answer"
    steps = [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0, 30.0, 30.0]
    assert len(clock.waits) == len(steps)
    assert all(step / 2 <= waited <= step for waited, step in zip(clock.waits, steps, strict=True))
    assert len({waited / step for waited, step in zip(clock.waits, steps, strict=True)}) > 1, "at random"


def test_a_thousand_failures_wait_no_longer_than_the_longest() -> None:
    assert Backoff(first_seconds=1.0, longest_seconds=5.0).choose_seconds(1000) <= 5.0


def test_what_the_error_asks_for_counts_only_where_it_is_heeded() -> None:
    ignoring, heeding = ListeningClock(), ListeningClock()
    backoff = Backoff(first_seconds=0.2, longest_seconds=5.0)
    retry(Failing(1, retry_after_seconds=3.0), ignoring, backoff)
    retry(Failing(1, retry_after_seconds=3.0), heeding, backoff, heed_retry_after=True)
    assert ignoring.waits[0] <= 0.2
    assert 3.0 <= heeding.waits[0] <= 3.3


def test_nobody_is_asked_to_wait_for_more_than_about_twice_the_longest() -> None:
    clock = ListeningClock()
    retry(Failing(1, retry_after_seconds=3600.0), clock, Backoff(longest_seconds=5.0), heed_retry_after=True)
    assert 10.0 <= clock.waits[0] <= 11.0


def test_each_failure_is_reported_before_the_wait_with_its_number() -> None:
    reported: list[tuple[str, int, int]] = []
    clock = ListeningClock()
    retry(
        Failing(3),
        clock,
        Backoff(),
        report=lambda error, failures: reported.append((error.detail, failures, len(clock.waits))),
    )
    assert reported == [("failure 1", 1, 0), ("failure 2", 2, 1), ("failure 3", 3, 2)]


def test_the_last_error_is_raised_when_the_tries_are_used_up() -> None:
    clock, failing = ListeningClock(), Failing(100)
    with pytest.raises(TransientError, match="failure 4"):
        retry(failing, clock, Backoff(), tries=4)
    assert failing.calls == 4
    assert len(clock.waits) == 3, "no wait after the last"


@pytest.mark.parametrize("error", [PermanentError("no", code="no"), ValueError("no"), StoppedError()])
def test_no_other_error_is_tried_again(error: Exception) -> None:
    calls = []

    def fail() -> None:
        calls.append(1)
        raise error

    with pytest.raises(type(error)):
        retry(fail, ListeningClock(), Backoff())
    assert calls == [1]


def test_a_stop_ends_the_retries_in_the_middle_of_a_wait() -> None:
    clock = WallClock(threading.Event())
    threading.Timer(0.2, clock.stop.set).start()
    started = time.monotonic()
    with pytest.raises(StoppedError):
        retry(Failing(1000), clock, Backoff(first_seconds=60.0, longest_seconds=60.0))
    assert time.monotonic() - started < 5
    assert clock.stopped
