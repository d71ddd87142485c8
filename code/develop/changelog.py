"""CHANGELOG.md in the form of Keep a Changelog, moved on by a release: what waited under Unreleased gets its heading.

towncrier 26.9 was tried in its place. It knows one version to a configuration, so three apps and a release of all of them
want four configurations and a template, and what waits would lie in a file for each entry, in no reader's sight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_UNRELEASED: Final = "## [Unreleased]\n"
# An entry is a list item with the lines that belong to it.
_ENTRY: Final = re.compile(r"^- .*\n(?:(?!- |#).*\n)*", re.MULTILINE)
_SECTION: Final = re.compile(r"^### (\w+)\n", re.MULTILINE)


class NothingNewError(Exception):
    """Nothing under Unreleased is of the release's app."""


def release_entries(text: str, apps: Iterable[str], heading: str, date: str) -> str:
    """Return the changelog ``text`` with the entries of ``apps`` under ``## [heading] - date``.

    An entry is an app's when it begins with the app's name in bold. A release of all three takes every entry; that of one
    leaves what is **shared** waiting for it. A heading that somebody wrote already stays as it is; ``NothingNewError``
    when there is neither a heading nor an entry.
    """
    if f"## [{heading}] - " in text:
        return text
    before, found, rest = text.partition(_UNRELEASED)
    if not found:
        raise NothingNewError("CHANGELOG.md has no heading '## [Unreleased]'")
    waiting, after = _split_at_heading(rest)
    names = list(apps)
    taken: list[tuple[str, str]] = []
    left: list[tuple[str, str]] = []
    for kind, entry in _read_entries(waiting):
        (taken if len(names) > 1 or entry.startswith(f"- **{names[0]}**") else left).append((kind, entry))
    if not taken:
        raise NothingNewError(
            f"CHANGELOG.md has nothing under Unreleased that begins with '- **{names[0]}**': say what is new"
        )
    return f"{before}{_UNRELEASED}\n{_write(left)}## [{heading}] - {date}\n\n{_write(taken)}{after}".rstrip() + "\n"


def _split_at_heading(text: str) -> tuple[str, str]:
    found = re.search(r"^## ", text, re.MULTILINE)
    return (text[: found.start()], text[found.start() :]) if found else (text, "")


def _read_entries(text: str) -> list[tuple[str, str]]:
    """Return each entry with its kind (Added, Fixed …), in order."""
    parts = _SECTION.split(text)
    sections = zip(parts[1::2], parts[2::2], strict=True)
    return [(kind, entry.rstrip() + "\n") for kind, body in sections for entry in _ENTRY.findall(body)]


def _write(entries: list[tuple[str, str]]) -> str:
    kinds = dict.fromkeys(kind for kind, _ in entries)
    return "".join(
        f"### {kind}\n\n" + "".join(entry for each, entry in entries if each == kind) + "\n" for kind in kinds
    )
