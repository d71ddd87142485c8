"""The one way in which a job ends early: a sentence for whoever reads its log, and exit code 1."""

from __future__ import annotations

import os


class JobFailedError(Exception):
    """The job cannot do what it is for; the sentence says why."""


def require_variable(name: str, meaning: str) -> str:
    """Return an environment variable; ``JobFailedError`` when it is missing or empty."""
    value = os.environ.get(name, "")
    if not value:
        raise JobFailedError(f"{name} is missing: {meaning}")
    return value
