"""The processes a demo starts: each in a session of its own, and none outlives the demo, however it ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from develop.demo.signals import StopWish

_END_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.1
_TAIL_LINES: Final = 12
# linux/prctl.h
_SET_PARENT_DEATH_SIGNAL: Final = 1
_SET_CHILD_SUBREAPER: Final = 36


class ChildFailedError(Exception):
    """A process of the demo ended when it should not have; the sentence ends with what it said last."""


@dataclass(frozen=True)
class Child:
    """A started process and where its output goes; None means the screen."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None

    def describe_end(self) -> str:
        """Return how it ended and the last lines of its output."""
        sentence = f"{self.name} ended with exit code {self.process.returncode}"
        if self.log is None:
            return sentence
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return "\n    ".join([f"{sentence}; {self.log} ends with:", *lines])


class Children:
    """Start processes and, at the end, end them all: newest first, politely, then by force."""

    def __init__(self, stop: StopWish) -> None:
        """Adopt grandchildren whose parent dies, so that they can be ended too (Linux)."""
        self._stop = stop
        self._running: list[Child] = []
        _prctl(_SET_CHILD_SUBREAPER, 1)

    def run(self, name: str, words: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> None:
        """Run a command to its end, its output on the screen; ``ChildFailedError`` unless it exits with 0."""
        child = self._start(name, words, folder, environment, None)
        while child.process.poll() is None:
            self._stop.sleep(_POLL_SECONDS)
        self._finish(child)
        if child.process.returncode:
            raise ChildFailedError(child.describe_end())

    def start(
        self, name: str, words: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: Path
    ) -> Child:
        """Start a command that keeps running, its output appended to ``log``."""
        log.parent.mkdir(parents=True, exist_ok=True)
        return self._start(name, words, folder, environment, log)

    def watch(self) -> None:
        """Raise ``ChildFailedError`` when one has ended by itself, ``StoppedError`` when somebody wants the end."""
        self._stop.obey()
        for child in self._running:
            if child.process.poll() is not None:
                raise ChildFailedError(child.describe_end())

    def end(self) -> None:
        """End what still runs and wait for it."""
        for child in reversed(self._running):
            child.process.terminate()
        deadline = time.monotonic() + _END_SECONDS
        for child in reversed(self._running):
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
            self._finish(child)
        _end_orphans()

    def _start(
        self, name: str, words: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path | None
    ) -> Child:
        self._stop.obey()
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(log.open("ab")) if log else None
            process = subprocess.Popen(
                words,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,  # a Ctrl-C on the terminal reaches the demo alone, which ends them in order
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - the demo has one thread
            )
        child = Child(name, process, log)
        self._running.append(child)
        return child

    def _finish(self, child: Child) -> None:
        # The leader has ended, or has had its time: whatever is left of its group goes with it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        self._running.remove(child)


def _die_with_parent() -> None:
    _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _end_orphans() -> None:
    """Kill grandchildren that left their group; as their subreaper this process has become their parent."""
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    while listing.exists() and (pids := [int(pid) for pid in listing.read_text().split()]):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
