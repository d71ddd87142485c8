"""The snapshot of a contract: what was generated when the contract last changed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

UPDATE: Final = "UPDATE_CONTRACTS"
"""Set by ``make contracts``: write the snapshot instead of comparing with it."""
STALE: Final = "the routes differ from openapi.json: run `make contracts` and review the difference"


def is_current(document: dict[str, Any], path: Path) -> bool:
    """Return whether ``path`` holds ``document``; with ``UPDATE_CONTRACTS`` set, write it there first."""
    fresh = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get(UPDATE):
        path.write_text(fresh, encoding="utf-8")
    return path.read_text(encoding="utf-8") == fresh
