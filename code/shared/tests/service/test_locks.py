"""A file lock is held by one process at a time and ends with its holder."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentiment.service.locks import take_lock
from sentiment.service.threads import start_thread

_HOLD = """
import sys
from pathlib import Path
from sentiment.service.locks import take_lock
with take_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "when missing" / ".lock"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    words = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_who_does_not_wait_is_refused_while_another_process_holds_it(path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(BlockingIOError):
        take_lock(path, wait=False)
    assert holder.poll() is None


def test_a_killed_holder_lets_go(path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait(10)
    with take_lock(path, wait=False) as taken:
        assert not taken.closed, "held, where a holder that lives makes this raise"


def test_who_waits_gets_it_when_it_is_free(path: Path) -> None:
    got = threading.Event()

    def take() -> None:
        with take_lock(path):
            got.set()

    with take_lock(path):
        waiting = start_thread("waiting", take)
        assert not got.wait(0.2)
    waiting.result(10)
    assert got.is_set()


def test_a_failure_under_the_lock_lets_go_and_comes_out(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), take_lock(path):
        _ = 1 / 0
    with take_lock(path, wait=False):
        pass


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        take_lock(tmp_path / "file" / "lock")
