"""Nothing that the demo starts outlives it, and nothing else is touched. Every process here is real."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CODE = Path(__file__).resolve().parents[3]

# A demo in miniature, whose child has a child beside it and one in a session of its own.
PARENT = """
import sys, time
from pathlib import Path
from develop.demo.children import Children, ChildFailedError
from develop.demo.signals import StopWish, StoppedError

folder = Path(sys.argv[1])
stop = StopWish()
children = Children(stop)
try:
    words = [sys.executable, "-c", sys.argv[2], str(folder)]
    children.start("child", words, folder=folder, environment={}, log=folder / "log")
    while True:
        children.watch()
        stop.sleep(0.1)
except StoppedError as wish:
    print("stopped", wish, flush=True)
except ChildFailedError as error:
    print(error, flush=True)
finally:
    children.end()
"""
CHILD = """
import os, subprocess, sys, time
from pathlib import Path
words = [sys.executable, "-c", "import time; time.sleep(600)"]
near, far = subprocess.Popen(words), subprocess.Popen(words, start_new_session=True)
pids = Path(sys.argv[1], "pids.part")
pids.write_text(f"{os.getpid()} {near.pid} {far.pid}")
pids.rename(Path(sys.argv[1], "pids"))
time.sleep(600)
"""


def start_parent(folder, child=CHILD):
    environment = {**os.environ, "PYTHONPATH": str(CODE)}
    words = [sys.executable, "-c", PARENT, str(folder), child]
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)


def read_pids(folder):
    wait_until((folder / "pids").exists)
    return [int(pid) for pid in (folder / "pids").read_text().split()]


def wait_until(holds, seconds=15):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def bystander():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_children_and_grandchildren_and_nobody_else(tmp_path, number, bystander):
    parent = start_parent(tmp_path)
    pids = read_pids(tmp_path)
    parent.send_signal(number)
    output, _ = parent.communicate(timeout=20)
    assert output == f"stopped {number.name}\n"
    assert not [pid for pid in pids if is_running(pid)]
    assert bystander.poll() is None


def test_a_demo_that_is_killed_takes_its_children_along(tmp_path):
    parent = start_parent(tmp_path)
    child, *grandchildren = read_pids(tmp_path)
    try:
        parent.kill()
        parent.communicate(timeout=20)
        wait_until(lambda: not is_running(child))
        assert not is_running(child)
    finally:
        for pid in grandchildren:  # the apps end their own workers when they get the signal; this child does not
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_a_child_that_ends_by_itself_is_reported_with_its_last_words(tmp_path):
    parent = start_parent(tmp_path, child="print('the disk is full'); raise SystemExit(3)")
    output, _ = parent.communicate(timeout=20)
    assert "child ended with exit code 3" in output
    assert "the disk is full" in output
