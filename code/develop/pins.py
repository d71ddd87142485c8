"""``make pins``: compile every requirements.in into exact pins with hashes, for every platform Python 3.11 runs on.

Run after changing a requirements.in. The tests' pins are compiled against those of all three apps, so tests never move a
version that is shipped. Which package index was asked is this machine's affair and stays out of the files.
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


def list_pins() -> list[tuple[str, tuple[str, ...]]]:
    """Return each requirements file without its ending, and the files that it may not contradict, those first."""
    shipped = {app: f"code/{app}/build/requirements" for app in APPS}
    backfill = f"{shipped['stream']}-backfill"
    return [
        *((path, ()) for path in shipped.values()),
        *((f"{shipped['serve']}-{part}", ()) for part in ("build", "native")),
        (backfill, (shipped["stream"],)),
        (f"{shipped['train']}-experiments", (shipped["train"],)),
        (f"{shipped['train']}-dvc", ()),
        ("code/develop/tests/requirements-test", (*shipped.values(), backfill)),
        *((f"code/{name}/requirements", ()) for name in ("develop/tools", "develop/mlflow-server", "develop/peers")),
        ("code/deploy/airflow/requirements", ()),
    ]


def main() -> None:
    """Compile them in that order."""
    upgrade = sys.argv[1:]  # e.g. --upgrade, or --upgrade-package flask
    try:
        make_environments(["tools"])
    except EnvironmentFailedError as error:
        sys.exit(str(error))
    for path, shipped in list_pins():
        constraints = [word for each in shipped for word in ("--constraint", f"{each}.txt")]
        _compile(f"{path}.in", f"{path}.txt", *constraints, *upgrade)


def _compile(source: str, output: str, *more: str) -> None:
    print(f"  {output}")
    words = [str(python_of("tools")), "-m", "uv", "pip", "compile", *_OPTIONS, *more, "--output-file", output, source]
    if subprocess.run(words, cwd=ROOT, check=False).returncode:
        sys.exit(f"{source} cannot be compiled")


if __name__ == "__main__":
    main()
