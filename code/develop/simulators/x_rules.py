"""Which of the rules on X's servers a text matches: words and quoted phrases, all of which have to occur."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_TERM: Final = re.compile(r'"([^"]*)"|(\S+)')


def find_matches(rules: Mapping[str, Mapping[str, str]], text: str) -> list[dict[str, str]]:
    """Return ``{"id", "tag"}`` of the rules that match. Operators (``-is:retweet``, ``lang:en``) hold for every text here."""
    return [
        {"id": number, **({"tag": rule["tag"]} if rule.get("tag") else {})}
        for number, rule in rules.items()
        if _matches(rule["value"], text)
    ]


def _matches(rule: str, text: str) -> bool:
    terms = [phrase or word for phrase, word in _TERM.findall(rule)]
    words = [term for term in terms if ":" not in term and not term.startswith("-")]
    return all(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) for word in words)
