"""What a search found, for people and for ``POST /train``."""

from __future__ import annotations

import json
import shlex
from itertools import accumulate
from pathlib import Path
from typing import Final

from libs.experiments.search import BEST_FILE, Found
from libs.runs.overrides import DATASET

PICTURE: Final = "tune.png"
_ACCENT, _QUIET = "#3f51d9", "#8a8fa3"


def write_found(found: Found, folder: Path) -> None:
    """Write ``best.json``, the body of a ``POST /train``, and ``tune.png``, what each attempt came to."""
    (folder / BEST_FILE).write_text(json.dumps(found.overrides, indent=1) + "\n", encoding="utf-8")
    _draw(found, folder / PICTURE)


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
            f"best {found.measure} {found.best:.4f}{default} of {len(found.attempts)} attempts, on rows set aside",
            json.dumps(found.overrides),
            f"python main.py run {' '.join(options)}",
            f"written: {folder / BEST_FILE}, as the body of POST /train; {folder / PICTURE}",
        ]
    )


def _draw(found: Found, path: Path) -> None:
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    numbers = range(1, len(found.attempts) + 1)
    with rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10}):
        figure = Figure(figsize=(8, 3.4), layout="constrained")
        axes = figure.subplots()
        axes.plot(numbers, found.attempts, "o", color=_QUIET, markersize=4, label="each attempt")
        axes.step(numbers, list(accumulate(found.attempts, max)), color=_ACCENT, where="post", label="best so far")
        if found.default is not None:
            axes.axhline(found.default, color=_QUIET, linestyle=":", label="the defaults")
        axes.set(title=f"{found.measure.capitalize()} on rows set aside", xlabel="attempt that ended")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False)
        figure.savefig(path, dpi=110)
