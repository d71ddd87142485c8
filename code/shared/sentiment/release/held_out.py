"""Held-out rows: which texts no release is ever trained on, the same in every run and every data set."""

from __future__ import annotations

import hashlib
from typing import Final

from sentiment.text.cleaning import CleanText

_TENTH: Final = 10


def hash_text(text: CleanText) -> bytes:
    """Return the sha256 (32 bytes) of the cleaned text in UTF-8: equal texts are one row, wherever they come from."""
    return hashlib.sha256(text.encode()).digest()


def is_held_out(digest: bytes) -> bool:
    """Tell whether a text is held out: its sha256, read as a big-endian number, is a multiple of ten.

    The rule depends on the cleaned text alone, so no release was trained on a row that evaluates another one, whatever
    the data set, its order or its duplicates.
    """
    return int.from_bytes(digest, "big") % _TENTH == 0
