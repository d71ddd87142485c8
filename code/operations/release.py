"""``make release APP=serve VERSION=1.2.3``: tag one app at the commit that is checked out, when that is safe to do.

The tag is what starts the app's pipeline once it is pushed; pushing stays a person's decision.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Final

from places import APPS, ROOT

_VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")  # semver.org, without pre-releases


class ReleaseRefusedError(Exception):
    """The tag would not name what the person believes it names."""


def plan_tag(app: str, version: str) -> str:
    """Return the tag's name; raises ``ReleaseRefusedError`` with what stands in its way."""
    if app not in APPS:
        raise ReleaseRefusedError(f"APP={app or '(nothing)'} is no app: APP=serve, one of {', '.join(APPS)}")
    if not _VERSION.fullmatch(version):
        raise ReleaseRefusedError(f"VERSION={version or '(nothing)'} is no version: VERSION=1.2.3")
    if _ask_git("status", "--porcelain"):
        raise ReleaseRefusedError("there are changes that are not committed: a tag would not contain them")
    tag = f"{app}-v{version}"
    if _ask_git("tag", "--list", tag):
        raise ReleaseRefusedError(f"{tag} exists already, and a released version never changes")
    if f"{app} {version}" not in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        raise ReleaseRefusedError(f"CHANGELOG.md has no heading with '{app} {version}': say first what is new")
    return tag


def main() -> None:
    """Make the tag and say what is left to do."""
    app, version = (*sys.argv[1:], "", "")[:2]
    try:
        tag = plan_tag(app, version)
    except ReleaseRefusedError as error:
        sys.exit(str(error))
    _ask_git("tag", "--annotate", tag, "--message", f"{app} {version}")
    print(f"{tag} is made. `git push origin {tag}` starts its pipeline.")


def _ask_git(*words: str) -> str:
    answer = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise ReleaseRefusedError(f"git {words[0]}: {answer.stderr.strip()}")
    return answer.stdout.strip()


if __name__ == "__main__":
    main()
