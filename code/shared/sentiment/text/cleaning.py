"""Cleaning of raw texts, the same in training, serving and storing.

The rules are part of a release (``CLEANING_VERSION`` in its manifest): a reader refuses a release that was cleaned
by rules it does not have.
"""

from __future__ import annotations

import html
import re
import threading
import unicodedata
from typing import Final, NewType

import emoji

CleanText = NewType("CleanText", str)
"""Text that went through ``clean``: the classifier takes nothing else, so forgetting to clean is a type error."""

CLEANING_VERSION: Final = 1

_AMPERSANDS = re.compile(r"&(?:(?:amp|AMP|#0*38|#[xX]0*26);)+")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_LINK = re.compile(
    r"(?:https?|ftp)://\S*"  # with a scheme, also cut short by a retweet ("http://…")
    r"|\bwww\.\S+"
    r"|(?<![\w@.])(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}/\S*",  # shorteners without a scheme: bit.ly/x, pic.twitter.com/y
    re.IGNORECASE,
)
_MENTION = re.compile(r"@(?<![\w@]@)\w+")  # looks behind after the @, so that the search is for one known character
# Each emoji consists of these, and of digits in 1️⃣: blocks rather than the 1,400 marks, which take longer to look up.
_EMOJI_MARKS = (
    "\xa9\xae\u200d\u203c\u2049\u20e3\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0e\ufe0f\U00010000-\U0010ffff"
)
_EMOJI_MARK = re.compile(f"[{_EMOJI_MARKS}]")
# In pieces, since the library takes time by the square of their length; none ends before a mark that joins.
_EMOJI_RUN = re.compile(f"[^{_EMOJI_MARKS}]?[0-9#*{_EMOJI_MARKS}]{{1,400}}[\u200d\ufe0f\u20e3]*")
# Controls, variation selectors, zero-width marks, and lone surrogates (JSON can carry them, UTF-8 cannot).
_INVISIBLE = re.compile("[\ufe0e\ufe0f\u200b\u2060\ufeff\u00ad\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
# The library fills its table at first use, and a second thread would meanwhile find half of it, and leave emojis in.
_ONE_AT_A_TIME = threading.Lock()


def clean(raw: str) -> CleanText:
    """Return ``raw`` without links and emojis, entities decoded, mentions as ``@user``, white space folded.

    Case, punctuation, stop words, negation and ASCII emoticons stay: they carry sentiment. Mentions become one
    placeholder because a name must not sway a score, and the stored text then names no bystander.
    Idempotent, ``clean(clean(x)) == clean(x)``: removing one thing can uncover another (an entity that spells a
    link, say), so the steps run until nothing changes.
    """
    text: str = raw
    while not _is_plain(text):
        text, before = _clean_once(text), text
        if text == before:
            return CleanText(text)
    return CleanText(_finish(text))


def _is_plain(text: str) -> bool:
    """Tell whether mentions and white space are all that could need cleaning: so for nine tweets in ten."""
    return text.isascii() and text.isprintable() and not ("&" in text or "/" in text or "ww." in text.lower())


def _finish(text: str) -> str:
    if "@" in text:
        text = _MENTION.sub("@user", text)
    return " ".join(text.split())


def _clean_once(text: str) -> str:
    if "&" in text:
        text = _decode_entities(text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        if _EMOJI_MARK.search(text):
            text = _EMOJI_RUN.sub(_drop_emojis, text)
    text = _INVISIBLE.sub("", text)
    if "/" in text or "ww." in text.lower():  # a cheap look first: nine tweets in ten have no link
        text = _LINK.sub(" ", text)
    return _finish(text)


def _drop_emojis(run: re.Match[str]) -> str:
    with _ONE_AT_A_TIME:
        return emoji.replace_emoji(run.group(), " ")  # walks its argument mark by mark, so it gets no more than it must


def _decode_entities(text: str) -> str:
    # Only entities with their semicolon: "AT&T" and "rock&roll" are words. Chains of &amp;amp; fold in one pass, so a
    # hostile text costs no more passes than it has kinds of nesting.
    text = _AMPERSANDS.sub("&", text)
    return _ENTITY.sub(lambda match: html.unescape(match.group()), text)
