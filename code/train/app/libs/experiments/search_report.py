"""What a search found, for people and for ``POST /train``."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from libs.experiments.search import BEST_FILE
from libs.overrides import DATASET

if TYPE_CHECKING:
    from pathlib import Path

    from libs.experiments.search import Found


def write_found(found: Found, folder: Path) -> None:
    """Write ``best.json``, the body of a ``POST /train``."""
    (folder / BEST_FILE).write_text(json.dumps(found.overrides, indent=1) + "\n", encoding="utf-8")


def format_found(found: Found, folder: Path) -> str:
    """Return what the shell shows: the figures, the overrides as JSON, and the run that would use them."""
    default = "" if found.default is None else f" (the defaults: {found.default:.4f})"
    options = [
        f"--set {name}={shlex.quote(json.dumps(value))}" for name, value in found.overrides.items() if name != DATASET
    ]
    if DATASET in found.overrides:
        options.append(f"--dataset {shlex.quote(str(found.overrides[DATASET]))}")
    return "\n".join(
        [
            f"best {found.measure} {found.best:.4f}{default} of {found.attempts} attempts, on rows set aside",
            json.dumps(found.overrides),
            f"python main.py run {' '.join(options)}",
            f"written: {folder / BEST_FILE}, as the body of POST /train",
        ]
    )
