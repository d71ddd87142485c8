"""Where things lie in a clone. Everything generated stays under one ignored folder, so `make clean` forgets it all."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CODE: Final = ROOT / "code"
LOCAL: Final = ROOT / ".local"
ENVIRONMENTS: Final = LOCAL / "venvs"
LOGS: Final = LOCAL / "logs"

APPS: Final = ("train", "serve", "stream")
USUAL_PORTS: Final = {"serve": 8080, "train": 8081, "stream": 8082}


def app_folder(app: str) -> Path:
    """Return the import root of an app, where its ``main.py`` lies."""
    return CODE / app / "app"


def python_of(environment: str) -> Path:
    """Return the interpreter of an environment, whether it exists yet or not."""
    return ENVIRONMENTS / environment / "bin" / "python"


def describe_revision(app: str) -> dict[str, str]:
    """Return ``APP_VERSION`` and ``APP_COMMIT`` as git knows them; nothing where there is no git or no repository.

    An app's releases are tags such as ``serve-v1.2.3``, or ``v1.2.3`` of all three; between two of them the version is the
    last one's plus the number of commits since.
    """
    tag = _ask_git("describe", "--tags", "--match", f"{app}-v[0-9]*", "--match", "v[0-9]*")
    version = tag.removeprefix(f"{app}-").removeprefix("v")
    commit = _ask_git("rev-parse", "--short=12", "HEAD")
    return {name: value for name, value in (("APP_VERSION", version), ("APP_COMMIT", commit)) if value}


def _ask_git(*words: str) -> str:
    try:
        answer = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
