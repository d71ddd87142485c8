"""Passwords: kept as argon2id hashes, and guessing them is limited by name and by address.

The hash's parameters are those that OWASP's password storage cheat sheet names first. Attempts are counted in the database,
so the limit holds over all workers and machines that share it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Semaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, insert, select

from libs.accounts.database import UserDatabase
from libs.accounts.tables import attempts
from sentiment.errors import TransientError

WINDOW: Final = timedelta(minutes=1)
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE: Final = Semaphore(2)  # 19 MiB each: a rush of logins must not take the worker's memory
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$3cXwuZEUxzcVFbOgaHuSM5UuXaEo0Aq0jXrg1rS3bTQ"
"""A hash of no password: an unknown name takes as long to refuse as a wrong password."""


def hash_password(password: str) -> str:
    """Return a salted hash; tens of milliseconds on purpose."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Tell whether ``password`` made the hash; None (an unknown user) takes the same time and is never right."""
    with _AT_ONCE:
        try:
            right = _HASHER.verify(password_hash or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
    return right and password_hash is not None


def require_attempts_left(database: UserDatabase, subjects: list[str], most: int) -> None:
    """Raise ``TransientError("too_many_tries")`` when one of ``subjects`` made ``most`` attempts within a minute."""
    since = _now() - WINDOW
    counted = (
        select(func.count())
        .group_by(attempts.c.subject)
        .where(attempts.c.subject.in_(subjects), attempts.c.tried_at > since)
    )
    with database.begin() as connection:
        used = max(connection.execute(counted).scalars(), default=0)
    if used >= most:
        seconds = WINDOW.total_seconds()
        raise TransientError("too many tries; wait a minute", code="too_many_tries", retry_after_seconds=seconds)


def count_attempt(database: UserDatabase, subjects: list[str]) -> None:
    """Count an attempt against each of ``subjects``, and delete those that are older than a minute."""
    now = _now()
    with database.begin() as connection:
        connection.execute(delete(attempts).where(attempts.c.tried_at <= now - WINDOW))
        connection.execute(insert(attempts), [{"subject": subject[:80], "tried_at": now} for subject in subjects])


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
