"""The shell's progress bar."""

from __future__ import annotations

from typing import Any, Self

from tqdm import tqdm

from libs.values.progress import Snapshot


class ProgressBar:
    """One bar for the whole run, on stderr: stage, percent, time left by the stages' own measure, newest figures."""

    def __init__(self, *, quiet: bool) -> None:
        """``quiet`` shows nothing at all."""
        shape = "{desc:<9} {percentage:3.0f}%|{bar}| {elapsed}{postfix}"
        self._bar: Any = tqdm(total=1.0, disable=quiet, bar_format=shape, dynamic_ncols=True)

    def __enter__(self) -> Self:
        """Show the bar."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it is."""
        self._bar.close()

    def show(self, snapshot: Snapshot) -> None:
        """Move the bar to where the run is."""
        self._bar.n = snapshot.progress
        self._bar.set_description_str(snapshot.stage, refresh=False)
        left = "" if snapshot.seconds_left is None else f"about {snapshot.seconds_left:.0f} s left "
        known = {name: snapshot.figures[name] for name in ("epoch", "loss", "val_accuracy") if name in snapshot.figures}
        figures = " ".join(f"{name} {value:.4g}" for name, value in known.items())
        self._bar.set_postfix_str(left + figures, refresh=False)
        self._bar.refresh()
