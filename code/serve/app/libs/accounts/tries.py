"""Logins are throttled, by name and by address, over all workers and machines that share the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, insert, select

from libs.accounts.database import Database
from libs.accounts.tables import tries
from sentiment.errors import TransientError

WINDOW: Final = timedelta(minutes=1)


def require_patience(database: Database, subjects: list[str], most: int) -> None:
    """Raise ``TransientError("too_many_tries")`` when one of ``subjects`` has used up its ``most`` tries a minute."""
    since = _now() - WINDOW
    counted = (
        select(func.count()).group_by(tries.c.subject).where(tries.c.subject.in_(subjects), tries.c.tried_at > since)
    )
    with database.begin() as connection:
        used = max(connection.execute(counted).scalars(), default=0)
    if used >= most:
        seconds = WINDOW.total_seconds()
        raise TransientError("too many tries; wait a minute", code="too_many_tries", retry_after_seconds=seconds)


def note_try(database: Database, subjects: list[str]) -> None:
    """Count a try against each of ``subjects``, and forget those that count no more."""
    now = _now()
    with database.begin() as connection:
        connection.execute(delete(tries).where(tries.c.tried_at <= now - WINDOW))
        connection.execute(insert(tries), [{"subject": subject[:80], "tried_at": now} for subject in subjects])


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
