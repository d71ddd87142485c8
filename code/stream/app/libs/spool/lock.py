"""One process at a time in a role of a folder spool: after a SIGKILL an orphan may live on for a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from libs.values.addresses import FolderAddress, SpoolAddress
from sentiment.errors import TransientError
from sentiment.service.locks import take_lock


@contextmanager
def lock_role(address: SpoolAddress, role: str) -> Iterator[None]:
    """Hold the lock of ``role``; a queue needs none.

    ``TransientError("role_taken")`` while another process has it, ``TransientError("spool_down")`` without the folder.
    """
    if not isinstance(address, FolderAddress):
        yield
        return
    folder = address.path
    try:
        lock = take_lock(folder / f"{role}.lock", wait=False)
    except BlockingIOError:
        raise TransientError(f"another process does {role} on {folder}", code="role_taken") from None
    except OSError as error:
        raise TransientError(f"the spool in {folder} cannot be written: {error.strerror}", code="spool_down") from error
    with lock:
        yield
