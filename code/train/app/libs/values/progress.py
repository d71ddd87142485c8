"""How far a run is: stages in their order, the share of the time each takes, and who wants to know."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

logger = logging.getLogger(__name__)

# Shares of the whole time, as measured on the full Sentiment140 set; progress and the time left are guesses from them.
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
    """Told by the steps, tells the listeners: a shell's bar, a run's record, the log, an experiment tracker."""

    def __init__(self, listeners: Sequence[Callable[[Snapshot], None]] = ()) -> None:
        """Remember whom to tell: ``listeners`` are called in this thread, often, and are to be quick."""
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
        """Say how much of the stage is done (0 to 1), and any figures worth knowing now."""
        new = figures or {}
        self._figures.update(new)
        names = list(STAGES)
        before = sum(STAGES[name] for name in names[: names.index(self._stage)])
        done = min(before + STAGES[self._stage] * min(fraction, 1.0), 1.0)
        elapsed = time.monotonic() - self._began
        left = elapsed * (1 - done) / done if done > 0.02 else None
        self._tell(Snapshot(self._stage, done, left, dict(self._figures), self.stage_seconds, new))

    def finish(self) -> None:
        """Say that the last stage is done."""
        self._close()
        self._tell(Snapshot(self._stage, 1.0, 0.0, dict(self._figures), self.stage_seconds))

    def _close(self) -> None:
        now = time.monotonic()
        if self._stage:
            seconds = round(now - self._stage_began, 3)
            self._stage_seconds[self._stage] = seconds
            logger.info("stage done", extra={"stage": self._stage, "seconds": seconds, **self._figures})
        self._stage_began = now

    def _tell(self, snapshot: Snapshot) -> None:
        for listener in self._listeners:
            listener(snapshot)
