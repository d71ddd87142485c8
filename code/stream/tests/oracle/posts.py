"""What was said, in which versions and when: what an honest app may have to show for it in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

DEAD = "\0dead"
"""In place of a text: the post has to be with the dead letters."""


class Version(NamedTuple):
    """One thing said about a post: its text, None for its removal, or ``DEAD``."""

    at: float
    text: str | None


@dataclass
class Post:
    """One id. ``connection``: which of X's connections heard it, 0 for none; ``again``: it was said more than once."""

    id: str
    connection: int = 0
    again: bool = False
    reason: str = ""
    """Of its dead letter, when it has to have one."""
    versions: list[Version] = field(default_factory=list)

    def say(self, at: float, text: str | None) -> None:
        """Add a version."""
        self.versions.append(Version(at, text))

    @property
    def plain(self) -> bool:
        """Whether it was said once and has to be stored."""
        return len(self.versions) == 1 and self.versions[0].text not in (None, DEAD)

    def allowed(self, gaps: list[tuple[float, float]]) -> set[str | None]:
        """Return what may be left: the last version, or an earlier one where all later ones fell into gaps."""
        found: set[str | None] = set()
        for version in reversed(self.versions):
            found.add(version.text)
            if not any(start <= version.at <= end for start, end in gaps):
                return found
        return found | {None}
