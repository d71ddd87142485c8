"""Start one app in the foreground, in its own environment: ``python3 -m foreground serve [its own arguments]``.

The app is configured by the environment alone; this adds the embedded value of each required variable that is missing,
and a local port. The process becomes the app, so signals and the exit code are the app's own.
"""

from __future__ import annotations

import os
import sys

from embedded import embed_settings
from environments import EnvironmentFailedError, make_environments
from places import APPS, LOCAL, USUAL_PORTS, app_folder, describe_revision, python_of


def main() -> None:
    """Make the environment if need be, then become the app."""
    if len(sys.argv) < 2 or sys.argv[1] not in APPS:
        sys.exit(f"say which app: {', '.join(APPS)}")
    app, arguments = sys.argv[1], sys.argv[2:]
    try:
        make_environments([app])
    except EnvironmentFailedError as error:
        sys.exit(str(error))
    given = {name: value for name, value in os.environ.items() if value}
    defaults = {
        "PORT": str(USUAL_PORTS[app]),
        **describe_revision(app),
        **embed_settings(app, LOCAL / "embedded", given),
    }
    os.chdir(app_folder(app))
    python = str(python_of(app))
    os.execve(python, [python, "main.py", *arguments], {**defaults, **given})  # noqa: S606 - no shell is wanted  # nosec B606


if __name__ == "__main__":
    main()
