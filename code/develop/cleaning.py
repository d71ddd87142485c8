"""``make clean``: remove everything generated, and nothing else. A running demo is not robbed of its files."""

from __future__ import annotations

import fcntl
import shutil
import sys
from pathlib import Path
from typing import Final

from develop.places import CODE, LOCAL, ROOT

_CACHES: Final = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "*.egg-info")


def main() -> None:
    """Remove ``.local`` and the caches that tools leave beside the code."""
    for lock in LOCAL.glob("demo/*/.lock"):
        if _is_held(lock):
            sys.exit(f"a demo is running in {lock.parent}: end it first")
    shutil.rmtree(LOCAL, ignore_errors=True)
    for pattern in _CACHES:
        for cache in [*ROOT.glob(pattern), *CODE.rglob(pattern)]:
            shutil.rmtree(cache, ignore_errors=True)
    if LOCAL.exists():
        sys.exit(f"{LOCAL} could not be removed whole: does a file in it belong to another user?")


def _is_held(lock: Path) -> bool:
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


if __name__ == "__main__":
    main()
