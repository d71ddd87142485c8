"""The ledger's entries of one live source: when a gap opens, when it closes, and that it is one and the same gap."""

from __future__ import annotations

from typing import Final

from libs.values.tweet import Gap, derive_id

_LONGEST_LAG_SECONDS: Final = 60.0  # buffers hold less than a minute of any stream that is cut off when read slowly


class GapTracker:
    """Knows when its source was last heard of; a gap begins there, not where it was noticed."""

    def __init__(self, source: str, key: str, seen_at: str) -> None:
        """``seen_at``: the kept position's; empty at the very first start, which is no gap."""
        self._source = source
        self._key = key
        self.seen_at = seen_at
        self._open: Gap | None = None

    def begin(self, reason: str, detail: str = "") -> list[Gap]:
        """Open a gap at the last sign of life, once, and return it; nothing when there is none to open."""
        if self._open is not None or not self.seen_at:
            return []
        gap = derive_id(self._key, self.seen_at)
        self._open = Gap(gap, self._source, self.seen_at, "", reason, recovered=False, detail=detail[:300])
        return [self._open]

    def end(self, moment: str, *, recovered: bool) -> list[Gap]:
        """Close the open gap at the reconnect and return it; nothing when none is open."""
        if self._open is None:
            return []
        closed, self._open = self._open._replace(ended_at=moment, recovered=recovered), None
        return [closed]


class ReadingLag:
    """How far a reader may be behind its connection: what came while it was held up lies in buffers, and is lost with them.

    Each second of being held up lets it fall behind by one; each second of waiting for more makes that good.
    """

    def __init__(self) -> None:
        """Start on a new connection, with nothing unread."""
        self.seconds = 0.0

    def hold_up(self, seconds: float) -> None:
        """Note that nothing was read for so long."""
        self.seconds = min(self.seconds + seconds, _LONGEST_LAG_SECONDS)

    def wait(self, seconds: float) -> None:
        """Note that a read took so long: until then the buffers were empty."""
        self.seconds = max(0.0, self.seconds - seconds)
