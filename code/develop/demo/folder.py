"""One demo at a time per folder, and where that demo's pages are while it runs."""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

PAGES: Final = "pages.json"


class FolderTakenError(Exception):
    """Another demo with the same data is running."""


@contextlib.contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Make the folder and hold it; raises ``FolderTakenError`` with the other demo's pages when it is held already."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderTakenError(f"it runs already on this data: {_read_pages(folder)}") from None
        try:
            yield
        finally:
            (folder / PAGES).unlink(missing_ok=True)


def write_pages(folder: Path, pages: Mapping[str, str]) -> None:
    """Write the addresses of the running apps, for other programs that want to look at them."""
    (folder / PAGES).write_text(json.dumps(pages, indent=1) + "\n")


def _read_pages(folder: Path) -> str:
    try:
        return ", ".join(json.loads((folder / PAGES).read_text()).values())
    except (FileNotFoundError, ValueError):
        return "its pages are not up yet"
