"""What a run hands on to the release that it makes, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from libs.values.recipe import Recipe


@dataclass(frozen=True)
class Provenance:
    """Where a release comes from: the run (whose name becomes the release's version), its recipe, and the code.

    ``stage_seconds``: how long each stage that is over took.
    """

    version: str
    recipe: Recipe
    languages: tuple[str, ...]
    code_revision: str
    stage_seconds: dict[str, float]


@dataclass(frozen=True)
class Outcome:
    """What a run that succeeded has to show."""

    model_version: str
    promoted: bool
    reason: str
    metrics: dict[str, Any]
    warnings: tuple[str, ...]
