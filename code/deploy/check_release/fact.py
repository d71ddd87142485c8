"""What a check says: one fact for each thing that was tried."""

from __future__ import annotations

from dataclasses import dataclass


class CheckFailedError(Exception):
    """A check cannot go on; the sentence says why and what would mend it."""


@dataclass(frozen=True)
class Fact:
    """One thing that was tried. ``name`` is a sentence that holds when ``passed``; ``detail`` a figure or the reason."""

    name: str
    passed: bool
    detail: str = ""
