"""What a job came to, read from its exit code and its JUnit report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET  # nosec B405

from develop.suites.catalogue import Job


@dataclass(frozen=True)
class Skip:
    """A test that did not run, and why."""

    suite: str
    test: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """A finished job. ``trouble`` says what went wrong beyond failing tests (a time-out, a crash, no tests at all)."""

    job: Job
    seconds: float
    output: str
    passed: int
    failed: int
    skips: tuple[Skip, ...] = ()
    trouble: str = ""


def read_outcome(job: Job, code: int | None, output: str, seconds: float) -> Outcome:
    """Count one job; ``code`` is None when its time ran out. What cannot be counted is one failure, never nothing."""
    if code is None:
        return Outcome(job, seconds, output, 0, 1, trouble=f"stopped after its {job.seconds} s")
    if job.report is None:
        return Outcome(job, seconds, output, int(code == 0), int(code != 0))
    try:
        passed, failed, skips = _count(job.name, job.report)
    except (OSError, ET.ParseError):
        return Outcome(job, seconds, output, 0, 1, trouble=f"no report; exit code {code}")
    if code != 0 and failed == 0:
        return Outcome(job, seconds, output, passed, 1, skips, trouble=f"exit code {code} although no test failed")
    if passed == 0:
        return Outcome(job, seconds, output, 0, failed or 1, skips, trouble="not one test passed")
    return Outcome(job, seconds, output, passed, failed, skips)


def _count(suite: str, report: Path) -> tuple[int, int, tuple[Skip, ...]]:
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314 - our own pytest's  # nosec B314
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    found = [(case, case.find("skipped")) for case in cases]
    skips = tuple(
        Skip(suite, f"{case.get('classname')}::{case.get('name')}", skipped.get("message") or "no reason given")
        for case, skipped in found
        if skipped is not None
    )
    return len(cases) - failed - len(skips), failed, skips
