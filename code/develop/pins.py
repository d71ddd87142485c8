"""``make pins``: compile every requirements.in into exact pins with hashes, for every platform Python 3.11 runs on.

Run after changing a requirements.in. The tests' pins are compiled against each app's own, so tests never move a version
that is shipped. Which package index was asked is this machine's affair and stays out of the files.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from develop.environments import EnvironmentFailedError, make_environments
from develop.places import APPS, ROOT, python_of

_OPTIONS: Final = (
    "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--quiet",
    "--no-emit-index-url", "--no-emit-find-links",
)  # fmt: skip
_TESTS: Final = "code/develop/tests"


def main() -> None:
    """Compile the apps' pins first, then what builds on them."""
    upgrade = sys.argv[1:]  # e.g. --upgrade, or --upgrade-package flask
    try:
        make_environments(["tools"])
    except EnvironmentFailedError as error:
        sys.exit(str(error))
    for app in APPS:
        _compile(f"code/{app}/build/requirements.in", f"code/{app}/build/requirements.txt", *upgrade)
    for app in APPS:
        constraint = f"code/{app}/build/requirements.txt"
        output = f"{_TESTS}/requirements-{app}.txt"
        _compile(f"{_TESTS}/requirements-test.in", output, "--constraint", constraint, *upgrade)
    for part in ("build", "native"):
        _compile(f"code/serve/build/requirements-{part}.in", f"code/serve/build/requirements-{part}.txt", *upgrade)
    pins = "code/train/build/requirements"
    _compile(f"{pins}-experiments.in", f"{pins}-experiments.txt", "--constraint", f"{pins}.txt", *upgrade)
    _compile(f"{pins}-dvc.in", f"{pins}-dvc.txt", *upgrade)
    for name in (
        "develop/tools",
        "develop/mlflow-server",
        "develop/locust",
        "deploy/scanners",
        "deploy/airflow",
        "deploy/space",
    ):
        _compile(f"code/{name}/requirements.in", f"code/{name}/requirements.txt", *upgrade)


def _compile(source: str, output: str, *more: str) -> None:
    print(f"  {output}")
    words = [str(python_of("tools")), "-m", "uv", "pip", "compile", *_OPTIONS, *more, "--output-file", output, source]
    if subprocess.run(words, cwd=ROOT, check=False).returncode:
        sys.exit(f"{source} cannot be compiled")


if __name__ == "__main__":
    main()
