"""What mkdocs cannot do by itself: pictures and files that lie beside docs/, so that the pages read as well in the repository.

Loaded by mkdocs from ``mkdocs.yml``, outside any package. A picture of ``images/`` becomes part of the site. A link to another
file of the repository leads to it where the site is built by GitLab, which says its address; elsewhere it is plain text.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[3]
_LINK: Final = re.compile(r"(!?)\[([^\]]*)\]\(([^)#:\s]+)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the repository's pictures to the site's files."""
    from mkdocs.structure.files import File  # type: ignore[import-not-found]  # types are checked where mkdocs is not

    for picture in sorted((ROOT / "images").iterdir()):
        if picture.suffix in {".png", ".svg"}:
            name = f"images/{picture.name}"
            files.append(File(name, str(ROOT), config.site_dir, use_directory_urls=config.use_directory_urls))
    return files


def on_page_markdown(markdown: str, page: Any, **_kwargs: Any) -> str:
    """Turn links that leave ``docs/``."""
    folder = posixpath.dirname(f"docs/{page.file.src_uri}")

    def turn(link: re.Match[str]) -> str:
        mark, text, target, anchor = link.groups()
        path = posixpath.normpath(posixpath.join(folder, target))
        if path.startswith("docs/"):
            return link.group()
        if path.startswith("images/"):
            return f"{mark}[{text}]({posixpath.relpath(path, folder.removeprefix('docs').lstrip('/') or '.')})"
        project, branch = os.environ.get("CI_PROJECT_URL"), os.environ.get("CI_COMMIT_SHA", "HEAD")
        return f"[{text}]({project}/-/blob/{branch}/{path}{anchor or ''})" if project else text

    return _LINK.sub(turn, markdown)
