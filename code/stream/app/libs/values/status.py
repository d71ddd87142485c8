"""How a running pipeline is doing at one moment."""

from __future__ import annotations

from typing import NamedTuple

from libs.values.position import Position


class PipelineStatus(NamedTuple):
    """What keeps a pipeline from its work, how far its source is read, and how much waits in its spool."""

    problems: list[str]
    """One sentence for each part that cannot work at the moment; empty when all is well."""
    position: Position | None
    """None for a role that does not read a source."""
    spooled: int
    """Entries that wait; an estimate where the spool gives only one."""
