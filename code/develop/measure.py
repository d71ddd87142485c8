"""Run a benchmark or a soak in its app's environment: ``python3 -m develop.measure bench|soak APP``."""

from __future__ import annotations

import argparse
import os
import sys

from develop.environments import EnvironmentFailedError, make_environments
from develop.places import APPS, CODE, python_of

_DEVELOP = CODE / "develop"


def main() -> None:
    """Become the script, so that signals and the exit code are its own."""
    parser = argparse.ArgumentParser(prog="measure", description="Run a benchmark or a soak.")
    parser.add_argument("kind", choices=["bench", "soak"])
    parser.add_argument("app", choices=APPS)
    choice, arguments = parser.parse_known_args()
    script = _DEVELOP / choice.kind / f"{choice.app}.py"
    if not script.is_file():
        sys.exit(f"there is no {choice.kind} for {choice.app}: {script.name} is not in {script.parent}")
    try:
        make_environments([choice.app, "tools"], tests=True)
    except EnvironmentFailedError as error:
        sys.exit(str(error))
    paths = os.pathsep.join([str(CODE), str(CODE / choice.app / "app")])
    moto = str(python_of("tools").with_name("moto_server"))
    environment = {"MOTO_SERVER": moto, **os.environ, "PYTHONPATH": paths}
    python = str(python_of(choice.app))
    os.chdir(CODE / choice.app)
    os.execve(python, [python, str(script), *arguments], environment)  # noqa: S606 - no shell is wanted  # nosec B606


if __name__ == "__main__":
    main()
