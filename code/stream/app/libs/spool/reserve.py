"""Some room on the spool's disk that is given up when the disk is full, so that what is stored can still be struck off.

Without it a disk that the spool itself has filled would stay full: even deleting takes a little room first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

RESERVE_BYTES: Final = 1 << 24  # four times what SQLite lets its log grow to before it writes it back
_PIECE: Final = bytes(1 << 20)


class Reserve:
    """A file of zeros, there or given up; several processes may look at it."""

    def __init__(self, path: Path, size: int) -> None:
        """Nothing is written yet."""
        self._path = path
        self._size = size

    @property
    def held(self) -> bool:
        """Whether all of it is there."""
        try:
            return self._path.stat().st_size >= self._size
        except FileNotFoundError:
            return False

    def restore(self) -> None:
        """Write what is missing; ``OSError`` when there is no room, and then nothing is kept."""
        try:
            with self._path.open("ab") as file:
                while (missing := self._size - file.tell()) > 0:
                    file.write(_PIECE[:missing])
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            self.give_up()
            raise

    def give_up(self) -> None:
        """Make its room free."""
        self._path.unlink(missing_ok=True)
