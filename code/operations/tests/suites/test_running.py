"""Jobs run in processes of their own; one that hangs is ended with all it started."""

import sys
import time

from suites.catalogue import Job
from suites.running import run_jobs

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
