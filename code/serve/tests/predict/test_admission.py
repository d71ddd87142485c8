"""A few slots, a short queue, an honest no beyond it."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import pytest

from libs.predict.admission import Admission, read_deadline
from sentiment.errors import PermanentError, TransientError


def test_beyond_slots_and_waiting_places_the_answer_is_overloaded_at_once() -> None:
    admission = Admission(slots=1, waiting=1)
    entered = threading.Event()

    def wait() -> None:
        with admission.admit(None):
            entered.set()

    with ExitStack() as held:
        held.enter_context(admission.admit(None))
        waiter = threading.Thread(target=wait)
        waiter.start()
        while admission._places._value:  # type: ignore[attr-defined]
            time.sleep(0.001)
        with pytest.raises(TransientError) as refusal, admission.admit(None):
            pass
        assert refusal.value.code == "overloaded"
        assert refusal.value.retry_after_seconds > 0
        assert not entered.is_set()
    waiter.join(5)
    assert entered.is_set()


def test_a_place_is_given_back_whatever_happens_inside() -> None:
    admission = Admission(slots=1, waiting=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), admission.admit(None):
            raise ZeroDivisionError
    with admission.admit(None):
        pass


def test_a_deadline_that_passes_in_the_queue_ends_the_wait() -> None:
    admission = Admission(slots=1, waiting=1)
    with admission.admit(None):
        started = time.monotonic()
        with pytest.raises(TransientError) as refusal, admission.admit(started + 0.05):
            pytest.fail("the work began after its deadline")
        assert refusal.value.code == "deadline_passed"
        assert 0.05 <= time.monotonic() - started < 1
    with admission.admit(time.monotonic() + 1):
        pass  # both places are free again


def test_a_deadline_that_has_passed_already_is_not_computed_even_when_a_slot_is_free() -> None:
    with pytest.raises(TransientError) as refusal, Admission(slots=1, waiting=0).admit(time.monotonic() - 0.001):
        pytest.fail("the work began after its deadline")
    assert refusal.value.code == "deadline_passed"


def test_a_deadline_is_a_budget_from_the_arrival_or_a_unix_time() -> None:
    assert read_deadline(None, 5.0) is None
    assert read_deadline("250", 5.0) == 5.25
    soon = read_deadline(str(int((time.time() + 2) * 1000)), 0.0)
    assert soon is not None
    assert soon - time.monotonic() == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("header", ["", "-1", "1.5", "soon", "9" * 16, "٣"])
def test_a_deadline_that_is_no_number_of_milliseconds_is_refused(header: str) -> None:
    with pytest.raises(PermanentError) as refusal:
        read_deadline(header, 0.0)
    assert refusal.value.code == "bad_deadline"
