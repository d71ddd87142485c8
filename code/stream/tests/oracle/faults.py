"""Each fault: begun, shown to have fired, and lifted again.

A fault is a generator: it begins, yields the question whether it has fired, and what stands after the yield lifts it.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from develop.simulators.serve import HANG_UP
from oracle.speakers import POISONS, JetstreamSpeaker, XSpeaker

if TYPE_CHECKING:
    from oracle.run import Run

_STOP_SECONDS = 5.0  # a stop takes less than one on a machine that does nothing else; test_process.py holds it to that


def kill(run: Run) -> Iterator[Callable[[], object]]:
    role, before = run.chance.choice(list(run.world.apps)), run.speaker.connections
    killed = run.world.kill(role)
    yield lambda: killed
    _start_anew(run, role, before)


def restart(run: Run) -> Iterator[Callable[[], object]]:
    role, before = run.chance.choice(list(run.world.apps)), run.speaker.connections
    seconds = run.world.apps[role].stop()
    code = run.world.apps[role].process.returncode
    yield lambda: code == 0 and seconds < _STOP_SECONDS
    _start_anew(run, role, before)


def clamp(run: Run) -> Iterator[Callable[[], object]]:
    """The reader is away for longer than Jetstream's window reaches back."""
    assert isinstance(run.speaker, JetstreamSpeaker)
    run.wait_until_kept()  # a reader that has kept no cursor begins live, and nothing is clamped
    speaker, role, before = run.speaker, run.world.reader, run.speaker.connections
    run.world.kill(role)
    run.emit(8)
    speaker.forget()
    _start_anew(run, role, before)
    yield lambda: speaker.fired["clamped"]


def tear(run: Run) -> Iterator[Callable[[], object]]:
    yield from _interrupt(run, run.speaker.tear)


def close_cleanly(run: Run) -> Iterator[Callable[[], object]]:
    yield from _interrupt(run, run.speaker.close_cleanly)


def disconnect(run: Run) -> Iterator[Callable[[], object]]:
    assert isinstance(run.speaker, XSpeaker)
    yield from _interrupt(run, run.speaker.disconnect)


def refuse(run: Run) -> Iterator[Callable[[], object]]:
    yield from _answer(run, 429, {"Retry-After": "0"})


def fail(run: Run) -> Iterator[Callable[[], object]]:
    yield from _answer(run, run.chance.choice([500, 502, 503]), {})


def cut(run: Run) -> Iterator[Callable[[], object]]:
    yield from _answer(run, HANG_UP, {})


def slow_down(run: Run) -> Iterator[Callable[[], object]]:
    before = run.world.serve.calls["slow"]
    run.world.serve.delay_seconds = 0.4
    yield lambda: run.world.serve.calls["slow"] > before
    run.world.serve.delay_seconds = 0.0


def fill_disk(run: Run) -> Iterator[Callable[[], object]]:
    run.world.limit_files(0)
    yield lambda: run.world.complains("disk I/O error", "database or disk is full", "no room on the disk")
    run.world.limit_files(resource.RLIM_INFINITY)


def fill_spool(run: Run) -> Iterator[Callable[[], object]]:
    run.world.serve.gate.clear()
    run.emit(100)
    yield lambda: run.world.complains("its limit is")
    run.world.serve.gate.set()


def hand_back(run: Run) -> Iterator[Callable[[], object]]:
    before = run.world.proxy.fired["unprocessed"]
    run.world.proxy.share = 0.5
    yield lambda: run.world.proxy.fired["unprocessed"] > before
    run.world.proxy.share = 0.0


def fail_queue(run: Run) -> Iterator[Callable[[], object]]:
    before = run.world.proxy.fired["sqs failed"]
    run.world.proxy.failing = 0.5
    yield lambda: run.world.proxy.fired["sqs failed"] > before + 2
    run.world.proxy.failing = 0.0


def leave_unanswered(run: Run) -> Iterator[Callable[[], object]]:
    before = run.world.proxy.fired["unanswered"]
    run.world.proxy.unanswered = 0.3
    yield lambda: run.world.proxy.fired["unanswered"] > before + 1
    run.world.proxy.unanswered = 0.0


def say_poison(fault: str) -> Callable[[Run], Iterator[Callable[[], object]]]:
    """Whether it fired is asked at the end, of the dead letters; said into a gap it is said once more."""

    def begin(run: Run) -> Iterator[Callable[[], object]]:
        run.wait_until(lambda: run.speaker.listening, "nobody listens")
        run.poison(fault)
        yield lambda: True

    return begin


FAULTS: dict[str, Callable[[Run], Iterator[Callable[[], object]]]] = {
    "kill": kill,
    "restart": restart,
    "tear": tear,
    "clean close": close_cleanly,
    "operational disconnect": disconnect,
    "clamped cursor": clamp,
    "serve answers 429": refuse,
    "serve answers 5xx": fail,
    "serve cuts": cut,
    "serve is slow": slow_down,
    "full disk": fill_disk,
    "full spool": fill_spool,
    "handed back in a 200": hand_back,
    "SQS fails": fail_queue,
    "cut before the answer": leave_unanswered,
    **{fault: say_poison(fault) for fault in POISONS},
}


def _start_anew(run: Run, role: str, before: int) -> None:
    """Start a role again while the network talks on; the reader has to have connected before the next fault."""
    run.emit(8)
    run.world.start(role)
    run.world.wait_until_up()
    if role == run.world.reader:
        run.wait_until(lambda: run.speaker.connections > before, "nobody connects")


def _interrupt(run: Run, end_connection: Callable[[], None]) -> Iterator[Callable[[], object]]:
    run.wait_until(lambda: run.speaker.listening, "nobody listens")
    before, fired = run.speaker.connections, sum(run.speaker.fired.values())
    end_connection()
    yield lambda: sum(run.speaker.fired.values()) > fired and run.speaker.connections > before


def _answer(run: Run, status: int, headers: dict[str, str]) -> Iterator[Callable[[], object]]:
    name, times = f"fault {status}", run.chance.randint(1, 3)
    before = run.world.serve.calls[name]
    run.world.serve.faults.extend([(status, headers)] * times)
    yield lambda: run.world.serve.calls[name] >= before + times
