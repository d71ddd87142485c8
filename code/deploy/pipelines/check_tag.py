"""Job ``release:tag``: a release comes from the default branch and is in the changelog. Rules of a pipeline cannot say that.

``python3 -m deploy.pipelines.check_tag`` reads CI_COMMIT_TAG, CI_COMMIT_SHA and CI_DEFAULT_BRANCH and needs the whole history.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from deploy.pipelines.failure import JobFailedError, require_variable
from deploy.pipelines.tags import heading_of, parse_tag
from develop.places import ROOT


def check_tag(root: Path, name: str, commit: str, branch: str) -> str:
    """Return what is released, as a sentence; ``JobFailedError`` when ``commit`` must not be released as ``name``."""
    tag = parse_tag(name)
    _ask_git(root, "fetch", "--quiet", "origin", f"+refs/heads/{branch}:refs/remotes/origin/{branch}")
    words = ["git", "-C", str(root), "merge-base", "--is-ancestor", commit, f"refs/remotes/origin/{branch}"]
    code = subprocess.run(words, check=False).returncode
    if code == 1:
        raise JobFailedError(f"{commit} is not on {branch}: merge it first, then tag the merged commit")
    if code:
        raise JobFailedError(f"git cannot tell whether {commit} is on {branch}; does the job have GIT_DEPTH: 0?")
    heading = f"## [{heading_of(tag)}] - "
    if heading not in (root / "CHANGELOG.md").read_text(encoding="utf-8"):
        raise JobFailedError(
            f"CHANGELOG.md has no heading '{heading.strip()} <date>': use `make release`, which writes it"
        )
    return f"{' '.join(tag.apps)} {tag.version} from {commit}"


def _ask_git(root: Path, *words: str) -> None:
    answer = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise JobFailedError(f"git {words[0]}: {answer.stderr.strip()}")


def main() -> None:
    """Say what is released, or why not."""
    try:
        name = require_variable("CI_COMMIT_TAG", "this job runs for tags")
        commit = require_variable("CI_COMMIT_SHA", "the commit that is tagged")
        branch = require_variable("CI_DEFAULT_BRANCH", "the branch that releases come from")
        print(check_tag(ROOT, name, commit, branch))
    except JobFailedError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
