"""Which of two versions of a post DynamoDB is to keep, and the condition under which it may be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from libs.results import Batch, Result
    from libs.results.dynamo_tables import Item
    from libs.results.revisions import Revision


class Change(NamedTuple):
    """A stored result, the one to replace it, and the condition under which it may.

    ``due``: whoever loses against the condition has to look again, and not to leave the stored one as it is.
    """

    old: Result
    new: Result
    condition: str
    values: Item
    due: bool = False


def is_admitted(result: Result, batch: Batch, known: dict[str, Revision]) -> bool:
    """Tell whether a result may be stored, as far as the known versions of its post go."""
    if result.id in batch.rescored or result.id not in known:
        return True
    return known[result.id].admits(batch.revisions.get(result.id, ""))


def plan_change(old: Result, new: Result, batch: Batch) -> Change:
    """Decide whether ``new`` is to replace ``old``; an empty condition says that it is not."""
    if new.id in batch.edited:
        # By its revision the edit is the newest; the times of analysis say nothing, batches are analysed side by side.
        return Change(old, new, "analyzed_at = :seen", {":seen": old.analyzed_at}, due=True)
    if new.model_version <= old.model_version:
        return Change(old, new, "", {})
    if new.id not in batch.rescored:
        return Change(old, new, "model_version < :version", {":version": new.model_version})
    if batch.rescored[new.id] != old.analyzed_at:
        return Change(old, new, "", {})
    return Change(old, new, "analyzed_at = :seen", {":seen": old.analyzed_at})
