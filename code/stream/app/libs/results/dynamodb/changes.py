"""Which of two versions of a post DynamoDB is to keep, and the condition under which it may be written."""

from __future__ import annotations

from typing import Final, NamedTuple

from libs.results.dynamodb.attributes import Item
from libs.results.dynamodb.items import StoredItem
from libs.values.result import Result, ResultBatch

_NOT_LATER: Final = "(attribute_not_exists(revision) OR revision <= :revision)"
NEWER: Final = f"model_version < :version AND {_NOT_LATER}"
"""Condition under which a stored row gives way to one of a newer model, if that is not of an older version of the post."""


class RowChange(NamedTuple):
    """A stored result, the one that is to replace it, and the condition under which DynamoDB may do that.

    ``revision``: which version of its post the new one is of. ``due``: when the condition does not hold the batch must be
    stored again, since the stored result may not stay as it is.
    """

    old: Result
    new: Result
    revision: str
    condition: str = ""
    values: Item = {}  # noqa: RUF012 - never changed
    due: bool = False


def plan_change(old: StoredItem, new: Result, batch: ResultBatch) -> RowChange:
    """Decide whether ``new`` is to replace ``old``; an empty condition says that it is not."""
    if new.id in batch.rescored:
        return _rescore(old, new, batch.rescored[new.id])
    revision = batch.revisions.get(new.id, "")
    stays = RowChange(old.result, new, revision)
    if revision < old.revision:  # another worker has stored a later version meanwhile
        return stays
    if new.id in batch.edited:
        # By its revision the edit is the newest; the times of analysis say nothing, batches are analysed side by side.
        seen = {":seen": old.result.analyzed_at, ":revision": revision}
        return stays._replace(condition=f"analyzed_at = :seen AND {_NOT_LATER}", values=seen, due=True)
    if new.model_version <= old.result.model_version:
        return stays
    return stays._replace(condition=NEWER, values=newer_than(new, revision))


def newer_than(new: Result, revision: str) -> Item:
    """Return the values of ``NEWER``."""
    return {":version": new.model_version, ":revision": revision}


def _rescore(old: StoredItem, new: Result, read_at: str) -> RowChange:
    stays = RowChange(old.result, new, old.revision)
    if new.model_version <= old.result.model_version or read_at != old.result.analyzed_at:
        return stays
    return stays._replace(condition="analyzed_at = :seen", values={":seen": read_at})
