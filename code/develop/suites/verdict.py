"""The end of `make test`: what was skipped, said loudly, and the one line that counts everything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from develop.suites.outcome import Outcome, Skip

# How the reason of a skip names a system part. A pipeline lists the parts it installed itself in REQUIRED_PARTS: a
# test that skips for want of one of those has found a broken pipeline, not a poorer machine.
PARTS: Final = {
    "chromium": r"chromium|browser",
    "postgresql": r"postgres|initdb|pg_ctl",
    "mariadb": r"mariadb|mysql",
    "graphviz": r"graphviz|\bdot\b",
    "aws": r"AWS|moto",
    "backfill": r"backfill's optional",
    "dynalite": r"dynalite",
    "promtool": r"promtool",
    "kubectl": r"kubectl",
    "experiments": r"MLflow|DVC|Optuna|PyYAML",
    "data": r"SENTIMENT_DATA_DIR|shared.data",
}


def find_forbidden(skips: Iterable[Skip], required: Sequence[str]) -> list[Skip]:
    """Return the skips whose reason names one of the ``required`` parts; ``KeyError`` for an unknown part."""
    patterns = [re.compile(PARTS[part], re.IGNORECASE) for part in required]
    return [skip for skip in skips if any(pattern.search(skip.reason) for pattern in patterns)]


def describe_job(outcome: Outcome) -> str:
    """Return one line for a finished job; its whole output follows where something failed."""
    mark = "FAILED" if outcome.failed else "ok"
    counts = f"{outcome.passed} passed, {outcome.failed} failed, {len(outcome.skips)} skipped"
    line = f"{mark:6} {outcome.job.name:16} {outcome.seconds:6.1f} s   {counts if outcome.job.report else ''}".rstrip()
    trouble = f"\n       {outcome.trouble}" if outcome.trouble else ""
    return f"{line}{trouble}\n{outcome.output}" if outcome.failed else line


def describe_skips(skips: Sequence[Skip], forbidden: Sequence[Skip]) -> str:
    """Return the list of what did not run, or nothing."""
    lines = [
        f"  {'NOT ALLOWED ' if skip in forbidden else ''}{skip.suite}: {skip.test}: {skip.reason}" for skip in skips
    ]
    return "\n".join([f"SKIPPED, so not tested on this machine ({len(skips)}):", *lines]) if skips else ""


def count_all(outcomes: Sequence[Outcome], forbidden: Sequence[Skip]) -> tuple[int, int, int]:
    """Return passed, failed and skipped over all jobs; a forbidden skip counts as failed."""
    skipped = sum(len(outcome.skips) for outcome in outcomes) - len(forbidden)
    failed = sum(outcome.failed for outcome in outcomes) + len(forbidden)
    return sum(outcome.passed for outcome in outcomes), failed, skipped
