"""The checks of a release, by codes: which decide about its promotion, and which only warn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ReleaseCheck(StrEnum):
    """What is asked of every release before it may be promoted without a person."""

    BEHAVIOUR = "behaviour"
    PEER = "peer"
    CALIBRATION = "calibration"
    SCORE_BIAS = "score_bias"
    HELD_OUT_ROWS = "held_out_rows"


# A release that fails one of these is never promoted by the gate over one that is live; the others only warn.
BLOCKING: Final = frozenset({ReleaseCheck.BEHAVIOUR})


@dataclass(frozen=True)
class FailedCheck:
    """A check that a release failed, and the sentence that warns of it in the report and the manifest."""

    check: ReleaseCheck
    warning: str

    @property
    def blocks(self) -> bool:
        """Whether the gate keeps the release back for it."""
        return self.check in BLOCKING
