"""The small frozen values that the steps exchange: what a source reads and the spool keeps."""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple

import orjson

from sentiment.errors import PermanentError

UNKNOWN_USER: Final = "unknown"
# What text may not hold on its way through UTF-8 and SQL: lone surrogates and NUL.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Tweet(NamedTuple):
    """One post as its source gave it."""

    id: str
    user: str
    text: str
    posted_at: str
    """ISO 8601 UTC with milliseconds (``libs.values.times``), so that text order is time order."""
    source: str
    """``replay``, ``x`` or ``bluesky``."""
    topics: tuple[str, ...] = ()
    lang: str = ""
    """Language code as the source gives it; empty when it gives none."""
    position: str = ""
    """Where in the source it was read, for people."""
    read_at: str = ""
    replaces: tuple[str, ...] = ()
    """Ids of earlier versions of an edited post; the newest version is the one that counts."""
    revision: str = ""
    """Orders the versions of one id where a source edits in place; empty where an id's text never changes."""
    dead_letter: str = ""
    """Id of the dead letter this is a new try of, so that its success can strike it off."""


class Removal(NamedTuple):
    """Its author deleted a post, or replaced it: it must not be shown, nor stored later out of order."""

    id: str
    removed_at: str
    reason: str
    revision: str = ""


class Gap(NamedTuple):
    """A time during which posts may have been missed. An open gap has no end yet; the same id closes it later."""

    id: str
    source: str
    started_at: str
    ended_at: str
    """Empty while the gap is open."""
    reason: str
    recovered: bool
    detail: str = ""


class DeadLetter(NamedTuple):
    """What could not be read, predicted or stored for good, with the bytes it was made of."""

    id: str
    source: str
    position: str
    reason: str
    detail: str
    original: bytes
    """The row or message as it was read; for a post that a later step refused, its spool entry."""
    died_at: str


Entry = Tweet | Removal | Gap | DeadLetter
"""What lies in the spool: everything a source reads, in its order."""

_KINDS: Final[dict[str, type[Entry]]] = {"t": Tweet, "r": Removal, "g": Gap, "d": DeadLetter}
_MARKS: Final = {kind: mark for mark, kind in _KINDS.items()}


def pack_entries(entries: list[Entry]) -> bytes:
    """Write entries as one JSON array; bytes travel as Latin-1, which keeps each one."""
    return orjson.dumps([(_MARKS[type(entry)], *entry) for entry in entries], default=_pack_bytes)


def unpack_entries(data: bytes) -> list[Entry]:
    """Read what ``pack_entries`` wrote; ``PermanentError("bad_parcel")`` when it did not."""
    try:
        return [_unpack(row) for row in orjson.loads(data)]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise PermanentError(f"no spool entries: {error!r}", code="bad_parcel") from None


def bury_tweet(tweet: Tweet, reason: str, detail: str, died_at: str) -> DeadLetter:
    """Make the dead letter of a post that a later step refuses; a retried post keeps its letter's id."""
    letter = tweet.dead_letter or derive_id(tweet.source, tweet.id, tweet.revision)
    original = pack_entries([tweet._replace(dead_letter="")])
    return DeadLetter(letter, tweet.source, tweet.position or tweet.id, reason, detail, original, died_at)


def storable(text: str) -> str:
    """Replace what no store can hold (lone surrogates, NUL) by the replacement character U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def derive_id(*parts: str) -> str:
    """Return a short stable id: the same parts, the same id, so that a second try overwrites the first."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _pack_bytes(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    raise TypeError(type(value))


def _unpack(row: list[object]) -> Entry:
    mark, *fields = row
    kind = _KINDS[str(mark)]
    if kind is Tweet:
        fields[5], fields[9] = tuple(fields[5]), tuple(fields[9])  # type: ignore[arg-type]
    elif kind is DeadLetter:
        fields[5] = str(fields[5]).encode("latin-1")
    return kind(*fields)  # type: ignore[arg-type]
