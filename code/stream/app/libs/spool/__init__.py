"""Between reading and scoring: a durable queue of posts, in a folder or in SQS, chosen by ``SPOOL_URL``."""

from __future__ import annotations

from libs.spool.ingest import Ingester
from libs.spool.interface import Parcel, PositionStore, Spool, SpoolFullError
from libs.spool.lock import lock_role
from libs.values.addresses import FolderAddress, SpoolAddress

__all__ = ["Ingester", "Parcel", "PositionStore", "Spool", "SpoolFullError", "lock_role", "open_spool"]


def open_spool(address: SpoolAddress, max_posts: int, positions: PositionStore) -> Spool:
    """Return the spool at an address. A queue keeps its sources' positions in ``positions``, a folder beside its posts."""
    if isinstance(address, FolderAddress):
        from libs.spool.folder import FolderSpool

        return FolderSpool(address.path, max_posts)
    from libs.spool.queue import QueueSpool

    return QueueSpool(address.name, max_posts, positions, address.visibility_seconds)
