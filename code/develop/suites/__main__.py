"""``python3 -m develop.suites [checks|suites] [NAME…]``: make what is needed, run all of it or the named jobs, count."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from develop.environments import OPTIONAL, EnvironmentFailedError, make_environments
from develop.places import APPS
from develop.suites.catalogue import Job, list_checks, list_suites
from develop.suites.outcome import Outcome
from develop.suites.running import run_jobs
from develop.suites.verdict import count_all, describe_job, describe_skips, find_forbidden


def main() -> int:
    """Return 0 when nothing failed, 1 otherwise."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a pipeline that is cancelled leaves no suite running
        signal.signal(number, signal.default_int_handler)
    started = time.monotonic()
    jobs = _choose_jobs()
    try:
        make_environments(list_environments(jobs), tests=True)
        outcomes = [_show(outcome) for outcome in run_jobs(jobs)]
    except EnvironmentFailedError as error:
        print(error)
        print("0 passed, 1 failed, 0 skipped")
        return 1
    except KeyboardInterrupt:
        return 130  # 128 + SIGINT, as shells report it
    skips = [skip for outcome in outcomes for skip in outcome.skips]
    forbidden = find_forbidden(skips, os.environ.get("REQUIRED_PARTS", "").split())
    passed, failed, skipped = count_all(outcomes, forbidden)
    print(describe_skips(skips, forbidden))
    print(f"{len(outcomes)} checks and suites in {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return int(failed > 0)


def list_environments(jobs: Sequence[Job]) -> list[str]:
    """Return the environments that ``jobs`` need: their own and the tools; develop and deploy start all three apps."""
    names = {job.name for job in jobs}
    wanted = {"tools", *(Path(job.words[0]).parents[1].name for job in jobs)}  # each begins with its interpreter
    if names & {"develop", "deploy"}:
        wanted |= set(APPS)
    if "experiments" in names:
        wanted |= set(OPTIONAL)
    return sorted(wanted, key=["tools", *APPS, *OPTIONAL].index)


def _choose_jobs() -> list[Job]:
    kinds = {"checks": list_checks(), "suites": list_suites(), "all": [*list_checks(), *list_suites()]}
    parser = argparse.ArgumentParser(prog="suites", description="Run the checks and the test suites.")
    parser.add_argument("kind", nargs="?", default="all", choices=kinds)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these, e.g. serve")
    choice = parser.parse_args()
    jobs = [job for job in kinds[choice.kind] if not choice.names or job.name in choice.names]
    if not jobs:
        parser.error(f"no such job; there are: {', '.join(job.name for job in kinds[choice.kind])}")
    return jobs


def _show(outcome: Outcome) -> Outcome:
    print(describe_job(outcome), flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
