"""Run jobs, two at a time, each in a session of its own with a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import IO, Final

from develop.places import LOGS
from develop.suites.catalogue import Job
from develop.suites.outcome import Outcome, read_outcome

AT_ONCE: Final = 2


def run_jobs(jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Yield each job's outcome as it ends; when the caller is interrupted, what still runs is ended."""
    running: set[int] = set()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            yield from (future.result() for future in as_completed([pool.submit(_run, job, running) for job in jobs]))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for group in list(running):
                _end_group(group)
            raise


def _run(job: Job, running: set[int]) -> Outcome:
    log = LOGS / f"test-{job.name.replace(' ', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    if job.report:
        job.report.parent.mkdir(parents=True, exist_ok=True)
        job.report.unlink(missing_ok=True)  # yesterday's report must not speak for a run that crashed
    started = time.monotonic()
    code = _run_logged(job, log.open("wb"), running)
    return read_outcome(job, code, log.read_text(errors="replace"), time.monotonic() - started)


def _run_logged(job: Job, output: IO[bytes], running: set[int]) -> int | None:
    with output:
        process = subprocess.Popen(
            job.words,
            cwd=job.folder,
            env={**os.environ, **job.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        running.add(process.pid)
        try:
            return process.wait(job.seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end_group(process.pid)
            process.wait()
            running.discard(process.pid)


def _end_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
