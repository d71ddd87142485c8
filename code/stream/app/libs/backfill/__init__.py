"""Archives scored once, row for row, by many workers, and stored results scored again by the current model.

``archive`` reads rows in groups, ``cluster`` has each scored by a ``worker``, the ``ledger`` remembers what is done.
"""

from __future__ import annotations

from libs.backfill.run import BackfillJob, run_backfill

__all__ = ["BackfillJob", "run_backfill"]
