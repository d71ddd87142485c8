"""Jobs run in processes of their own; one that hangs is ended with all it started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from develop.environments import OPTIONAL
from develop.places import APPS
from develop.suites.__main__ import list_environments
from develop.suites.catalogue import Job, list_checks, list_suites
from develop.suites.running import run_jobs

HANGS = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"


def test_a_job_that_hangs_is_stopped_after_its_time_and_the_others_are_counted(tmp_path):
    jobs = [
        Job("hangs", (sys.executable, "-c", HANGS), tmp_path, 1),
        Job("fine", (sys.executable, "-c", "print('hello')"), tmp_path, 60),
    ]
    started = time.monotonic()
    outcomes = {outcome.job.name: outcome for outcome in run_jobs(jobs)}
    assert time.monotonic() - started < 30
    assert outcomes["hangs"].failed == 1
    assert (outcomes["fine"].passed, outcomes["fine"].output) == (1, "hello\n")


CODE = Path(__file__).resolve().parents[3]
CANCELLED = """
import signal, sys
from pathlib import Path
from develop.suites.catalogue import Job
from develop.suites.running import run_jobs

signal.signal(signal.SIGTERM, signal.default_int_handler)
code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
words = (sys.executable, "-c", code, sys.argv[1])
try:
    list(run_jobs([Job("endless", words, Path("/"), 600), Job("never started", words, Path("/"), 600)] * 2))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_cancelled_leaves_nothing_running(tmp_path, number):
    pid_file = tmp_path / "pid"
    words = [sys.executable, "-c", CANCELLED, str(pid_file)]
    process = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(CODE)})
    deadline = time.monotonic() + 30
    while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(30) == 130
    assert not Path(f"/proc/{pid_file.read_text()}").exists()


def test_only_the_environments_that_are_needed_are_made():
    """A pipeline that tests one app does not install TensorFlow for another."""
    jobs = {job.name: job for job in [*list_checks(), *list_suites()]}
    assert list_environments([jobs["serve"]]) == ["tools", "serve"]
    assert list_environments([jobs["ruff"], jobs["mypy stream"], jobs["mypy shared"]]) == ["tools", "serve", "stream"]
    assert list_environments([jobs["experiments"]])[:2] == ["tools", "experiments"]
    assert set(list_environments(list(jobs.values()))) >= {"tools", *APPS, *OPTIONAL}
    assert set(list_environments([jobs["develop"]])) >= set(APPS)
