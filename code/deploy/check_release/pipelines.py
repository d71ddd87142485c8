"""Pipelines: GitLab's schema accepts them, each tag starts its own jobs, and those run for real up to the cluster's door."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.check_release.clones import git, make_clone
from deploy.check_release.containers import PACKAGES, open_workshop
from deploy.check_release.expected import CASES
from deploy.check_release.fact import Fact
from deploy.check_release.gitlab import list_jobs, run_jobs
from deploy.check_release.parts import Parts
from deploy.check_release.rehearsal import VERSION, rehearse_release
from develop.places import APPS, ROOT

PARTS: Final = Parts(debian=(*PACKAGES, "rsync"), node=True)


def check_pipelines(folder: Path) -> Iterator[Fact]:
    """Yield the schema's verdict, which jobs each case has, and what became of the jobs of each app's tag."""
    yield from _validate()
    clone = make_clone(folder)
    for case, (variables, expected) in CASES.items():
        found = list_jobs(clone, variables)
        detail = (
            f"too many: {sorted(found - expected)}, missing: {sorted(expected - found)}" if found != expected else ""
        )
        yield Fact(f"{case}: GitLab's rules give exactly its jobs", found == expected, detail or f"{len(found)} jobs")
    yield _refuse_unmerged(clone)
    with open_workshop() as workshop:
        for app in ("serve", "stream", "train"):
            yield from rehearse_release(workshop, clone, app)


def _validate() -> Iterator[Fact]:
    for path in (".gitlab-ci.yml", *(f"code/{app}/.gitlab-ci.yml" for app in APPS)):
        words = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", path]
        answer = subprocess.run(
            [sys.executable, "-m", "check_jsonschema", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        yield Fact(
            f"GitLab's schema accepts {path}", answer.returncode == 0, answer.stdout if answer.returncode else ""
        )


def _refuse_unmerged(clone: Path) -> Fact:
    """Tag a commit that is not on the default branch, which must not get beyond its first job."""
    tag = f"serve-v{VERSION}"
    git(clone, "switch", "--quiet", "--create", "unmerged")
    git(clone, "commit", "--quiet", "--allow-empty", "--message", "not merged")
    git(clone, "tag", tag)
    run = run_jobs(
        clone, ["release:tag"], {"CI_COMMIT_TAG": tag, "CI_COMMIT_BRANCH": None, "CI_DEFAULT_BRANCH": "main"}
    )
    git(clone, "tag", "--delete", tag)
    git(clone, "switch", "--quiet", "main")
    refused = run.verdicts.get("release:tag") == "FAIL" and "is not on main" in run.output
    return Fact(
        "a tag on a commit that is not on the default branch is refused", refused, "" if refused else run.output
    )
