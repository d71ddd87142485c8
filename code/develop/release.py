"""``make release APP=serve VERSION=1.2.3``: check, give the changelog its heading, commit that, and tag the commit.

APP=all releases the three together, as v1.2.3. The tag starts the pipeline once it is pushed; pushing stays a person's
decision.
"""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from deploy.pipelines.tags import Tag, heading_of
from develop.changelog import NothingNewError, release_entries
from develop.places import APPS, ROOT

_VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")  # semver.org, without pre-releases


class ReleaseRefusedError(Exception):
    """The tag would not name what the person believes it names."""


def release(root: Path, app: str, version: str) -> str:
    """Make the release's commit and tag in ``root``; return the tag's name.

    Raises ``ReleaseRefusedError`` with what stands in its way; then nothing was changed.
    """
    tag = _read_wish(app, version)
    name = f"v{version}" if app == "all" else f"{app}-v{version}"
    _check_tree(root)
    _check_version(root, tag, name)
    changelog = root / "CHANGELOG.md"
    before = changelog.read_text(encoding="utf-8")
    today = dt.datetime.now(dt.UTC).date().isoformat()
    try:
        after = release_entries(before, tag.apps, heading_of(tag), today)
    except NothingNewError as error:
        raise ReleaseRefusedError(str(error)) from None
    if after != before:
        changelog.write_text(after, encoding="utf-8")
        _ask_git(root, "commit", "--quiet", "--message", f"release {heading_of(tag)}", "--", "CHANGELOG.md")
    _ask_git(root, "tag", "--annotate", name, "--message", heading_of(tag))
    return name


def _read_wish(app: str, version: str) -> Tag:
    if app not in (*APPS, "all"):
        raise ReleaseRefusedError(f"APP={app or '(nothing)'} is no app: APP=serve, one of {', '.join(APPS)}, all")
    if not _VERSION.fullmatch(version):
        raise ReleaseRefusedError(f"VERSION={version or '(nothing)'} is no version: VERSION=1.2.3")
    return Tag(APPS if app == "all" else (app,), version)


def _check_tree(root: Path) -> None:
    if _ask_git(root, "status", "--porcelain"):
        raise ReleaseRefusedError("there are changes that are not committed: a tag would not contain them")
    branch, default = _ask_git(root, "branch", "--show-current"), _find_default_branch(root)
    if branch != default:
        raise ReleaseRefusedError(
            f"this is {branch or 'no branch'}: releases come from {default}, and the pipeline insists"
        )


def _find_default_branch(root: Path) -> str:
    """Return the branch that origin calls its head; without an origin, ``main``."""
    words = ["git", "-C", str(root), "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    return answer.stdout.strip().removeprefix("origin/") or "main"


def _check_version(root: Path, tag: Tag, name: str) -> None:
    tags = _ask_git(root, "tag", "--list").split()
    if name in tags:
        raise ReleaseRefusedError(f"{name} exists already, and a released version never changes")
    for app in tag.apps:
        released = [each.removeprefix(f"{app}-").removeprefix("v") for each in tags]
        newest = max((_number(each) for each in released if _VERSION.fullmatch(each)), default=(-1, 0, 0))
        if _number(tag.version) <= newest:
            raise ReleaseRefusedError(
                f"{app} is at {'.'.join(map(str, newest))} already: VERSION={tag.version} is not newer"
            )


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _ask_git(root: Path, *words: str) -> str:
    answer = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise ReleaseRefusedError(f"git {words[0]}: {answer.stderr.strip()}")
    return answer.stdout.strip()


def main() -> None:
    """Release what the command line names, and say what is left to do."""
    app, version = (*sys.argv[1:], "", "")[:2]
    try:
        name = release(ROOT, app, version)
    except ReleaseRefusedError as error:
        sys.exit(str(error))
    branch = _find_default_branch(ROOT)
    print(f"{name} is made. `git push --atomic origin {branch} {name}` starts its pipeline.")


if __name__ == "__main__":
    main()
