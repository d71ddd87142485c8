"""Progress of a run: its stages in their order, the share of the time each takes, and listeners."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

logger = logging.getLogger(__name__)

# Shares of the whole time, as measured on the full Sentiment140 set; progress and the time left are estimated by them.
STAGES: Final = {"dataset": 0.02, "clean": 0.08, "vectors": 0.2, "network": 0.55, "evaluate": 0.12, "publish": 0.03}


@dataclass(frozen=True)
class Snapshot:
    """Where a run is now: ``progress`` from 0 to 1; ``figures`` are the newest of each name."""

    stage: str
    progress: float
    seconds_left: float | None
    figures: dict[str, Any]
    stage_seconds: dict[str, float]
    new_figures: dict[str, Any] = field(default_factory=dict)


class Progress:
    """Passes what the steps report to its listeners: a shell's progress bar, a run's record."""

    def __init__(self, listeners: Sequence[Callable[[Snapshot], None]] = ()) -> None:
        """Keep the ``listeners``, which are called in this thread, often, and so have to return quickly."""
        self._listeners = listeners
        self._began = self._stage_began = time.monotonic()
        self._stage = ""
        self._figures: dict[str, Any] = {}
        self._stage_seconds: dict[str, float] = {}

    @property
    def stage_seconds(self) -> dict[str, float]:
        """Seconds that each finished stage took."""
        return dict(self._stage_seconds)

    def enter(self, stage: str) -> None:
        """Begin the next stage; the one before is finished."""
        self._close()
        self._stage = stage
        self.advance(0.0)

    def advance(self, fraction: float, figures: dict[str, Any] | None = None) -> None:
        """Report how much of the stage is done (0 to 1), and any new figures."""
        new = figures or {}
        self._figures.update(new)
        names = list(STAGES)
        before = sum(STAGES[name] for name in names[: names.index(self._stage)])
        done = min(before + STAGES[self._stage] * min(fraction, 1.0), 1.0)
        elapsed = time.monotonic() - self._began
        left = elapsed * (1 - done) / done if done > 0.02 else None
        self._notify(Snapshot(self._stage, done, left, dict(self._figures), self.stage_seconds, new))

    def finish(self) -> None:
        """End the last stage."""
        self._close()
        self._notify(Snapshot(self._stage, 1.0, 0.0, dict(self._figures), self.stage_seconds))

    def _close(self) -> None:
        now = time.monotonic()
        if self._stage:
            seconds = round(now - self._stage_began, 3)
            self._stage_seconds[self._stage] = seconds
            logger.info("stage done", extra={"stage": self._stage, "seconds": seconds, **self._figures})
        self._stage_began = now

    def _notify(self, snapshot: Snapshot) -> None:
        for listener in self._listeners:
            listener(snapshot)
