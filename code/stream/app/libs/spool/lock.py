"""One process at a time in a role of a folder spool: after a SIGKILL an orphan may live on for a second."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sentiment.errors import TransientError


@contextmanager
def lock_role(spool_url: str, role: str) -> Iterator[None]:
    """Hold the lock of ``role``; a queue needs none.

    ``TransientError("role_taken")`` while another process has it, ``TransientError("spool_down")`` without the folder.
    """
    parts = urlsplit(spool_url)
    if parts.scheme != "file":
        yield
        return
    folder = Path(unquote(parts.path))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f"{role}.lock").open("a")
    except OSError as error:
        raise TransientError(f"the spool in {folder} cannot be written: {error.strerror}", code="spool_down") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TransientError(f"another process does {role} on {folder}", code="role_taken") from None
        yield
