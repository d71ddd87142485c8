"""Passwords are kept as argon2id hashes, with the parameters that OWASP's password storage cheat sheet names first."""

from __future__ import annotations

from threading import Semaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

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
