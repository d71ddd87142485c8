"""Split a clean text into tokens: the words, marks and negations that carry sentiment."""

from __future__ import annotations

import re

from sentiment.text.cleaning import CleanText

_TOKEN = re.compile(
    r"[@#]?\w+(?:'\w+)*"  # a mention, or a word with its hashtag sign and apostrophes: don't, o'clock
    r"|[!?]+|\.{2,}"  # runs of marks are one token: "!!" is stronger than "!", "?!" is its own mood
    r"|[:;=<>][-o*']?[)(\]\[dp/\\|}{@3*]+(?!\w)"  # ASCII emoticons that people typed in spite of all
    r"|[^\w\s]",
)
_ELONGATION = re.compile(r"([^\W\d_]|[!?.])\1\1+")
_ASCII_ELONGATION = re.compile(r"([a-z!?.])\1\1+")  # the same rule for ASCII, at a third of the time


def tokenize(text: CleanText) -> list[str]:
    """Split into lower-case tokens; three or more of one letter or mark become two (soooo → soo, !!!! → !!).

    Nothing is thrown away: stop words hold the negations, and "!" and "?" hold the mood.
    """
    lowered = text.lower()
    elongation = _ASCII_ELONGATION
    if not lowered.isascii():
        lowered = lowered.replace("’", "'")
        elongation = _ELONGATION
    if elongation.search(lowered):
        lowered = elongation.sub(r"\1\1", lowered)
    return _TOKEN.findall(lowered)
