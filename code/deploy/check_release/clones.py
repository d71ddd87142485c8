"""A repository with an origin, as GitLab has it: what is committed here, on a default branch called main."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deploy.check_release.fact import CheckFailedError
from develop.places import ROOT

_WHO: Final = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "rehearsal"), ("EMAIL", "rehearsal@localhost"))
}
_TIME: Final = 1_000_000_000.0  # any moment: a cache of layers compares files with their times


def make_clone(folder: Path) -> Path:
    """Return a clone of a bare repository, both in ``folder``, whose main is the commit that is checked out here."""
    origin, clone = folder / "origin.git", folder / "clone"
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(ROOT, "push", "--quiet", str(origin), "HEAD:refs/heads/main")
    git(folder, "clone", "--quiet", str(origin), str(clone))
    for path in [clone, *clone.rglob("*")]:
        if ".git" not in path.relative_to(clone).parts and not path.is_symlink():
            os.utime(path, (_TIME, _TIME))
    return clone


@contextmanager
def set_identity() -> Iterator[None]:
    """Let git know, for a while, who commits and tags here."""
    before = {name: os.environ.get(name) for name in _WHO}
    os.environ.update(_WHO)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def git(folder: Path, *words: str) -> str:
    """Return what git printed in ``folder``; ``CheckFailedError`` when it fails."""
    answer = subprocess.run(
        ["git", "-C", str(folder), *words], env={**os.environ, **_WHO}, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise CheckFailedError(f"git {' '.join(words[:2])}: {answer.stderr.strip()}")
    return answer.stdout.strip()
