"""The form of a key, the same in every store."""

from __future__ import annotations

import re

from sentiment.errors import PermanentError

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+-]*(?:/[A-Za-z0-9][A-Za-z0-9._=+-]*)*")


def require_key(key: str) -> str:
    """Return ``key`` when it is a relative path of plain names, else raise ``PermanentError("bad_key")``.

    No part may start with a dot, so no key leaves the store's folder or meets its lock and temporary files.
    """
    if len(key) > 512 or not _KEY.fullmatch(key):
        raise PermanentError(
            f"'{key[:80]}' is no store key: use letters, digits and ._=+- between slashes", code="bad_key"
        )
    return key
