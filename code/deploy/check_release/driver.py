"""The driver of `make check-release`: parts, then each check with a line for every fact, then one line that counts."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from deploy.check_release.catalogue import CHECKS, Check
from deploy.check_release.fact import CheckFailedError, Fact
from deploy.check_release.parts import install_parts
from develop.environments import EnvironmentFailedError


def main() -> int:
    """Return 0 when every fact holds, 1 otherwise, 2 when it cannot start."""
    for number in (signal.SIGINT, signal.SIGTERM):  # so that what a check started is ended on its way out
        signal.signal(number, signal.default_int_handler)
    parser = argparse.ArgumentParser(prog="make check-release", description="Rehearse a release on this machine.")
    parser.add_argument("names", nargs="*", metavar="CHECK", help=f"only these of: {', '.join(CHECKS)}")
    names = parser.parse_args().names or list(CHECKS)
    if unknown := set(names) - set(CHECKS):
        parser.error(f"no such check: {', '.join(sorted(unknown))}; there are: {', '.join(CHECKS)}")
    if os.geteuid() != 0:
        parser.error("root is needed: system parts are installed, and images are built and started")
    try:
        return run_checks({name: CHECKS[name] for name in names})
    except KeyboardInterrupt:
        return 130  # 128 + SIGINT, as shells report it


def run_checks(checks: Mapping[str, Check]) -> int:
    """Run ``checks`` in order and print their facts; 1 when any of them does not hold, else 0."""
    started = time.monotonic()
    try:
        install_parts(check.parts for check in checks.values())
    except (CheckFailedError, EnvironmentFailedError) as error:
        print(f"FAILED parts: {error}\n0 passed, 1 failed")
        return 1
    facts = [fact for name, check in checks.items() for fact in _run(name, check)]
    passed = sum(fact.passed for fact in facts)
    print(f"{len(checks)} checks in {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {len(facts) - passed} failed")
    return int(passed < len(facts))


def _run(name: str, check: Check) -> Sequence[Fact]:
    print(f"{name}:", flush=True)
    facts = []
    with tempfile.TemporaryDirectory(prefix=f"check-release-{name}-") as folder:
        for fact in _collect(check, Path(folder)):
            facts.append(fact)
            print(describe(fact), flush=True)
    return facts


def _collect(check: Check, folder: Path) -> Iterator[Fact]:
    """Yield the check's facts; whatever stops it, and saying nothing at all, is a fact that failed."""
    found = False
    try:
        for fact in check.run(folder):
            found = True
            yield fact
    except CheckFailedError as error:
        yield Fact("the check reached its end", passed=False, detail=str(error))
    except Exception:  # noqa: BLE001 - one broken check must not hide what the others find
        yield Fact("the check reached its end", passed=False, detail=traceback.format_exc())
    else:
        if not found:
            yield Fact("the check found something to try", passed=False)


def describe(fact: Fact) -> str:
    """Return one line for a fact that holds; for one that does not, the details follow on lines of their own."""
    if fact.passed:
        return f"  ok     {fact.name}" + (f" ({fact.detail})" if fact.detail else "")
    return f"  FAILED {fact.name}" + "".join(f"\n         {line}" for line in fact.detail.splitlines())


if __name__ == "__main__":
    sys.exit(main())
