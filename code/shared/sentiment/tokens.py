"""From clean text to tokens: the words, marks and negations that carry sentiment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentiment.cleaning import CleanText

_TOKEN = re.compile(
    r"@user|#?\w+(?:['’]\w+)*"  # a mention, or a word with its hashtag sign and apostrophes: don't, o'clock
    r"|[<>]?[:;=8xX][-o^']?[()\[\]dDpP/\\|*3]+"  # an ASCII emoticon that people typed in spite of all
    r"|<3|[!?]|\.{2,}|…|[^\w\s]",
)
_ELONGATION = re.compile(r"(\w)\1{2,}")


def tokenize(text: CleanText) -> list[str]:
    """Split into lower-case tokens; three or more of one letter become two (soooo → soo), marks stand alone.

    Nothing is thrown away: stop words hold the negations, and "!" and "?" hold the mood.
    """
    return _TOKEN.findall(_ELONGATION.sub(r"\1\1", text.lower().replace("’", "'")))
