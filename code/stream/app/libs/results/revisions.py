"""The rule that decides which version of a post may be stored, the same for every store."""

from __future__ import annotations

from typing import Final, NamedTuple

from libs.values.result import Result, ResultBatch

KEPT_DAYS: Final = 7
"""How long versions of edited and removed posts are kept: longer than X allows edits (1 h) and Jetstream replays (36 h)."""


class Revision(NamedTuple):
    """What is known of an id's versions: the newest one seen, and whether that one removed the post."""

    revision: str
    removed: bool

    def admits(self, revision: str) -> bool:
        """Tell whether a version may be stored: not one that is older than the newest, nor one that was removed."""
        if self.removed:
            return bool(self.revision) and revision > self.revision
        return revision >= self.revision


def is_admitted(result: Result, batch: ResultBatch, known: dict[str, Revision]) -> bool:
    """Tell whether a result may be stored, as far as the known versions of its post go."""
    if result.id in batch.rescored or result.id not in known:
        return True
    return known[result.id].admits(batch.revisions.get(result.id, ""))
