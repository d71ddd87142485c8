"""Pipelines without a GitLab: gitlab-ci-local lists and runs the jobs of a clone, in shells on this machine.

Programs that a job's image would bring are looked for in the folder ``bin`` beside the clone, before the machine's own.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.check_release.fact import CheckFailedError
from deploy.check_release.parts import NODE

_PROGRAM: Final = NODE / "node_modules" / ".bin" / "gitlab-ci-local"
_RUN_SECONDS: Final = 5400
_VERDICT: Final = re.compile(r"^\s*(PASS|FAIL|WARN)\s+(\S+)", re.MULTILINE)
# Predefined variables that a rehearsal sets, since no GitLab does.
_PREDEFINED: Final = (
    "CI_COMMIT_TAG,CI_COMMIT_REF_NAME,CI_COMMIT_BRANCH,CI_PIPELINE_SOURCE,CI_DEFAULT_BRANCH,CI_REGISTRY_IMAGE"
)


@dataclass(frozen=True)
class Run:
    """What a pipeline came to: each job's verdict, PASS or FAIL, and everything that was printed."""

    verdicts: dict[str, str]
    output: str

    def output_of(self, job: str) -> str:
        """Return the lines that one job printed."""
        lines = [line for line in self.output.splitlines() if line.startswith(job)]
        return "\n".join(line.removeprefix(job).strip().lstrip("> ") for line in lines)


def list_jobs(clone: Path, variables: Mapping[str, str | None]) -> frozenset[str]:
    """Return the names of the jobs that a pipeline with ``variables`` has."""
    answer = _call(clone, ["--list-csv"], variables, 120)
    if answer.returncode:
        raise CheckFailedError(f"gitlab-ci-local: {answer.stdout}{answer.stderr}")
    table = answer.stdout[answer.stdout.index("name;description;") :]
    return frozenset(row["name"] for row in csv.DictReader(table.splitlines(), delimiter=";"))


def run_jobs(clone: Path, jobs: Sequence[str], variables: Mapping[str, str | None]) -> Run:
    """Run the named jobs of a pipeline and no others, in the order of their stages, and return their verdicts.

    The exit code says nothing: what is read is each job's own line at the end.
    """
    answer = _call(clone, ["--concurrency=1", *jobs], variables, _RUN_SECONDS)
    output = answer.stdout + answer.stderr
    return Run({job: verdict for verdict, job in _VERDICT.findall(output)}, output)


def _call(
    clone: Path, words: Sequence[str], variables: Mapping[str, str | None], seconds: int
) -> subprocess.CompletedProcess[str]:
    (clone.parent / "state" / "builds").mkdir(parents=True, exist_ok=True)
    shells = {"CI_PROJECT_DIR": str(clone)}  # a shell works in the clone itself, not where a container would mount it
    given = [word for name, value in {**variables, **shells}.items() for word in _give(name, value)]
    options = ["--force-shell-executor", "--state-dir=../state", f"--ignore-predefined-vars={_PREDEFINED}"]
    return subprocess.run(
        [str(_PROGRAM), *words, *options, "--no-color", *given],
        cwd=clone,
        env={**os.environ, "PATH": f"{clone.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def _give(name: str, value: str | None) -> list[str]:
    return ["--unset-variable", name] if value is None else ["--variable", f"{name}={value}"]
