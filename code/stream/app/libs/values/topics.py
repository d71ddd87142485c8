"""TRACK: which topics to follow, and which of them a text is about."""

from __future__ import annotations

import re
from typing import NamedTuple

from sentiment.errors import ConfigurationError

TRACK_EXAMPLE = "TRACK='acme=acme \"acme corp\",delta'"
_PARTS = re.compile(r'(?:[^,"]|"[^"]*"?)+')
_NAME = re.compile(r"[^=\"\s][^=\"]{0,63}")
_TERM = re.compile(r'"([^"]*)"|(\S+)')
_WORD = re.compile(r"[\w'’&.-]+")
_MAX_TOPICS = 1000  # X's own limits
_LONGEST_RULE = 1024


class Topic(NamedTuple):
    """A name to show and the rule that finds its posts."""

    name: str
    rule: str


class Matcher(NamedTuple):
    """A topic whose every word and phrase must occur in a text."""

    name: str
    patterns: tuple[re.Pattern[str], ...]


def parse_track(track: str) -> tuple[Topic, ...]:
    """Split TRACK at its commas (not those inside quotes) into topics: ``name=rule``, or a word that is both.

    Raises ``ConfigurationError`` for an empty name or rule, an unclosed quote, or one name given twice.
    """
    topics = tuple(_parse_topic(part.strip()) for part in _PARTS.findall(track) if part.strip())
    names = [topic.name for topic in topics]
    if len(set(names)) != len(names) or len(names) > _MAX_TOPICS:
        raise ConfigurationError(
            f"TRACK names a topic twice or more than {_MAX_TOPICS} of them; valid: {TRACK_EXAMPLE}"
        )
    return topics


def require_rules(track: str) -> tuple[Topic, ...]:
    """Return TRACK's topics; ``ConfigurationError`` when there are none or one is longer than X allows."""
    topics = parse_track(track)
    if not topics:
        raise ConfigurationError(
            "TRACK is missing: X streams by rules only, e.g. TRACK='acme=\"acme corp\" -is:retweet'"
        )
    for topic in topics:
        if len(topic.rule) > _LONGEST_RULE:
            raise ConfigurationError(
                f"TRACK: the rule of '{topic.name}' has over {_LONGEST_RULE} characters, X's limit"
            )
    return topics


def compile_matchers(topics: tuple[Topic, ...]) -> tuple[Matcher, ...]:
    """Turn rules of words and quoted phrases into matchers, for sources that do not filter by themselves.

    A word matches whole words whatever their case, with or without ``#``, ``@`` or ``$`` before it; several terms must
    all occur. Raises ``ConfigurationError`` for an operator, which only X's servers understand.
    """
    return tuple(Matcher(topic.name, tuple(_compile_terms(topic))) for topic in topics)


def match_topics(matchers: tuple[Matcher, ...], text: str) -> tuple[str, ...]:
    """Return the names of the topics that ``text`` is about."""
    return tuple(matcher.name for matcher in matchers if all(pattern.search(text) for pattern in matcher.patterns))


def _parse_topic(part: str) -> Topic:
    name, equals, rule = part.partition("=")
    if not equals or '"' in name:
        name, rule = part.replace('"', ""), part
    name, rule = name.strip(), rule.strip()
    if not rule or not _NAME.fullmatch(name) or rule.count('"') % 2:
        raise ConfigurationError(f"TRACK holds '{part[:80]}', which is no topic; valid: {TRACK_EXAMPLE}")
    return Topic(name, rule)


def _compile_terms(topic: Topic) -> list[re.Pattern[str]]:
    patterns = []
    for phrase, word in _TERM.findall(topic.rule):
        if word and (word == "OR" or not _WORD.fullmatch(word.lstrip("#@$")) or word.startswith("-")):
            raise ConfigurationError(
                f"TRACK: '{word[:40]}' in topic '{topic.name}' is an operator that only X understands; this source takes "
                f"words and quoted phrases, e.g. {TRACK_EXAMPLE}"
            )
        pattern = r"\s+".join(re.escape(part) for part in (phrase or word).split())
        if not pattern:
            raise ConfigurationError(f"TRACK: topic '{topic.name}' has an empty phrase; valid: {TRACK_EXAMPLE}")
        patterns.append(re.compile(rf"(?<!\w){pattern}(?!\w)", re.IGNORECASE))
    return patterns
