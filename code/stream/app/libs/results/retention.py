"""Delete every hour what is older than ``RETENTION_DAYS``, and notes of versions that no source repeats any more."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from libs.results import Results
from libs.values.times import format_time
from sentiment.errors import SentimentError
from sentiment.service.clock import Clock

logger = logging.getLogger(__name__)

_EVERY_SECONDS: Final = 3600.0


def keep_pruning(results: Results, retention_days: int, clock: Clock) -> None:
    """Prune now and every hour until ``StoppedError``; ``retention_days`` 0 keeps results for ever."""
    while True:
        try:
            pruned = prune_once(results, retention_days, clock)
            if pruned:
                logger.info("results expired", extra={"results": pruned})
        except SentimentError as error:
            logger.warning("cannot prune", extra={"code": error.code, "detail": error.detail})
        clock.wait(_EVERY_SECONDS)


def prune_once(results: Results, retention_days: int, clock: Clock) -> int:
    """Prune once and return how many results went."""
    before = format_time(clock.now() - timedelta(days=retention_days)) if retention_days else ""
    return results.prune(before)
