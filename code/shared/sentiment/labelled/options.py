"""What the fragment of a file's address says about the file: ``#text=body&label=stars&encoding=latin-1``."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from sentiment.errors import ConfigurationError
from sentiment.model.labels import NEGATIVE, NEUTRAL, POSITIVE, Label

COLUMN_OPTIONS: Final = ("text", "label", "topic", "date", "user", "id", "lang")
_LABEL_OPTIONS: Final[Mapping[str, Label]] = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE}
_KNOWN: Final = frozenset({*COLUMN_OPTIONS, *_LABEL_OPTIONS, "encoding"})
_UTF_8: Final = "utf-8"
_PROBE: Final = '{"text",\t0}\r\n'


@dataclass(frozen=True)
class FileOptions:
    """How to read a file where its own header does not say it, or says it in other words."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Column by meaning (``text``, ``label``, ``topic``, ``date``, ``user``, ``id``, ``lang``)."""
    label_values: Mapping[Label, tuple[str, ...]] = field(default_factory=dict)
    """The values that stand for a label."""
    encoding: str = _UTF_8


def parse_options(fragment: str, *, encoding: str = _UTF_8) -> FileOptions:
    """Read ``text=body&negative=1,2``; ``ConfigurationError`` for an unknown option or encoding.

    ``encoding`` holds where the fragment names none.
    """
    pairs = dict(parse_qsl(fragment, keep_blank_values=True))
    if unknown := sorted(name[:40] for name in pairs.keys() - _KNOWN):
        raise ConfigurationError(f"after # only {', '.join(sorted(_KNOWN))} are known, not {', '.join(unknown)}")
    given = {name: value for name, value in pairs.items() if value}
    return FileOptions(
        columns={name: given[name] for name in COLUMN_OPTIONS if name in given},
        label_values={label: _split(given[name]) for name, label in _LABEL_OPTIONS.items() if name in given},
        encoding=_require_encoding(given.get("encoding", encoding)),
    )


def _split(values: str) -> tuple[str, ...]:
    return tuple(value for value in values.split(",") if value)


def _require_encoding(name: str) -> str:
    """Return ``name`` if it encodes ASCII as itself: lines and cells are split before they are decoded."""
    try:
        codecs.lookup(name)
        if _PROBE.encode().decode(name) == _PROBE:
            return name
    except (LookupError, ValueError):
        pass
    raise ConfigurationError("after #encoding= a known encoding is needed that extends ASCII, e.g. latin-1")
