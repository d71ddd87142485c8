"""The snapshot of a contract: what was generated when the contract last changed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

UPDATE: Final = "UPDATE_CONTRACTS"
"""Set by ``make contracts``: write the snapshot instead of comparing with it."""


def compare_snapshot(document: dict[str, Any], path: Path) -> None:
    """Raise ``AssertionError`` unless ``path`` holds ``document``; with ``UPDATE_CONTRACTS`` set, write it there."""
    fresh = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get(UPDATE):
        path.write_text(fresh, encoding="utf-8")
    if path.read_text(encoding="utf-8") != fresh:
        raise AssertionError(f"the routes say other than {path.name}: run `make contracts` and look at the difference")
