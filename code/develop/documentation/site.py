"""The site: docs/ built by mkdocs with strict links, and looked through for anything that it would ask of another host."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from develop.places import LOCAL, ROOT, python_of

SITE: Final = LOCAL / "site"
# What a browser fetches by itself: scripts, styles, pictures, frames. A link that a reader may follow is none of these.
_FETCHED: Final = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*?\bsrc=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preconnect|preload|icon|prefetch))[^>]*?\bhref=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|url\(["']?((?:https?:)?//[^"')]+)|@import\s+["']((?:https?:)?//[^"']+)""",
    re.IGNORECASE,
)


class SiteFailedError(Exception):
    """The site could not be built; the sentence holds what mkdocs said."""


def build_site(folder: Path = SITE, config: Path = ROOT / "mkdocs.yml") -> Path:
    """Build the site and return its first page; ``SiteFailedError`` for an unknown link or a request to another host."""
    options = ("--strict", "--config-file", str(config), "--site-dir", str(folder))
    words = [str(python_of("tools")), "-m", "mkdocs", "build", *options]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    answer = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    if answer.returncode:
        raise SiteFailedError(f"docs/ cannot be built:\n{answer.stderr.strip() or answer.stdout.strip()}")
    if outside := sorted(find_outside_requests(folder)):
        raise SiteFailedError(f"the site would ask other hosts: {', '.join(outside)}")
    return folder / "index.html"


def find_outside_requests(folder: Path) -> Iterator[str]:
    """Yield each address on another host that a page or style in ``folder`` makes a browser fetch."""
    for path in [*folder.rglob("*.html"), *folder.rglob("*.css")]:
        for found in _FETCHED.finditer(path.read_text(encoding="utf-8")):
            yield f"{next(filter(None, found.groups()))} ({path.relative_to(folder)})"
