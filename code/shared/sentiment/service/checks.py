"""``python main.py check``: try every address an app was given and say what to mend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import click

from sentiment.errors import SentimentError


class Check(NamedTuple):
    """One thing to try: its variable, a callable that raises ``SentimentError`` when it fails, and what to do then."""

    variable: str
    attempt: Callable[[], object]
    remedy: str


def run_checks(checks: Sequence[Check]) -> int:
    """Try them all, print a line each, and return the exit code: 0 when all hold, 1 when one does not."""
    return max([_run_check(check) for check in checks], default=0)


def _run_check(check: Check) -> int:
    try:
        check.attempt()
    except SentimentError as error:
        click.echo(f"✗ {check.variable}: {error.detail}\n  → {check.remedy}")
        return 1
    click.echo(f"✓ {check.variable}")
    return 0
