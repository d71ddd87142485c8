"""A file lock: one process at a time, on one machine.

It is the kernel's own ``flock``, which the kernel releases when its holder dies, however that happens, and which wakes
the next process at once. (The library ``filelock`` waits by trying again twenty times a second.)
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import TextIO


def take_lock(path: Path, *, wait: bool = True) -> TextIO:
    """Lock ``path`` exclusively and return it as an open file: closing that, or leaving its ``with`` block, unlocks it.

    The folder is made when it is missing; the file stays, since removing it would let two processes hold two files of one
    name. Without ``wait``, ``BlockingIOError`` is raised while another process has the lock; any other ``OSError`` says
    that the file cannot be opened.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        file.close()
        raise
    return file
