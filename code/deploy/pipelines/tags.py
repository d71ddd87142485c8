"""What a tag releases: ``serve-v1.2.3`` one app, ``v1.2.3`` all three."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from deploy.pipelines.failure import JobFailedError
from develop.places import APPS

# semver.org without pre-releases; the same pattern chooses jobs in the .gitlab-ci.yml files.
_TAG: Final = re.compile(rf"(?:({'|'.join(APPS)})-)?v((?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*))")


class Tag(NamedTuple):
    """The apps that a tag releases, and their version."""

    apps: tuple[str, ...]
    version: str


def parse_tag(name: str) -> Tag:
    """Return what the tag ``name`` releases; ``JobFailedError`` when it is not a release's."""
    found = _TAG.fullmatch(name)
    if found is None:
        raise JobFailedError(f"'{name}' is no tag of a release: v1.2.3, or with an app before it, serve-v1.2.3")
    return Tag((found[1],) if found[1] else APPS, found[2])


def heading_of(tag: Tag) -> str:
    """Return how the changelog calls this release: ``serve 1.2.3``, or ``1.2.3`` of all three apps."""
    return tag.version if len(tag.apps) > 1 else f"{tag.apps[0]} {tag.version}"
