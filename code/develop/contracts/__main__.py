"""``make contracts``: write each app's ``openapi.json`` anew from its routes, for the difference to be read in review.

The app's own suite builds the app and knows how; here it is asked to write what it else compares.
"""

from __future__ import annotations

import os
import subprocess
import sys

from develop.contracts.snapshot import UPDATE
from develop.environments import EnvironmentFailedError, make_environments
from develop.places import APPS, CODE, python_of

_TEST = "test_the_description_is_what_the_routes_say"


def main() -> None:
    """Write the apps that are named, or all three."""
    apps = sys.argv[1:] or list(APPS)
    try:
        make_environments(apps, tests=True)
    except EnvironmentFailedError as error:
        sys.exit(str(error))
    for app in apps:
        suite = next(
            path for path in (CODE / app / "tests").rglob("test_*.py") if _TEST in path.read_text(encoding="utf-8")
        )
        words = [str(python_of(app)), "-m", "pytest", "--quiet", "-k", _TEST, str(suite)]
        if subprocess.run(words, cwd=CODE / app, env=os.environ | {UPDATE: "1"}, check=False).returncode:
            sys.exit(f"{app}'s contract cannot be generated")


if __name__ == "__main__":
    main()
