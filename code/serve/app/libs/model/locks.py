"""One process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentiment.errors import TransientError


@contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path``; the kernel lets go of it when the holder dies.

    Raises ``TransientError("cache_denied")`` when the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("a")
    except OSError as error:
        raise TransientError(f"{path.parent} cannot be written: {error.strerror}", code="cache_denied") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
