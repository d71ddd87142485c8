"""Start one app in the foreground, in its own environment: ``python3 -m develop.foreground serve [its own arguments]``.

The app is configured by the environment alone; this adds the embedded value of each required variable that is missing,
and a local port. The process becomes the app, so signals and the exit code are the app's own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from develop.embedded import embed_settings, sample_replay
from develop.environments import EnvironmentFailedError, make_environments
from develop.places import APPS, LOCAL, USUAL_PORTS, app_folder, describe_revision, python_of

_FOLDER: Final = LOCAL / "embedded"
# The sample corpus needs the standard library alone, so stream's user need not install train for it.
_WRITE_REPLAY: Final = """
import sys
from pathlib import Path
from libs.sample import generate_replay_rows, write_csv
write_csv(generate_replay_rows(), Path(sys.argv[1]))
"""


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
        **embed_settings(app, _FOLDER, given),
    }
    if app == "stream" and "SOURCE_URL" in defaults:
        _write_replay(sample_replay(_FOLDER))
    os.chdir(app_folder(app))
    python = str(python_of(app))
    os.execve(python, [python, "main.py", *arguments], {**defaults, **given})  # noqa: S606 - no shell is wanted  # nosec B606


def _write_replay(path: Path) -> None:
    if not path.is_file():
        subprocess.run([sys.executable, "-c", _WRITE_REPLAY, str(path)], cwd=app_folder("train"), check=True)


if __name__ == "__main__":
    main()
