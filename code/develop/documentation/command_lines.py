"""The page about command lines: what ``make help`` and every app's ``--help`` print."""

from __future__ import annotations

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from develop.places import APPS, ROOT, app_folder, python_of

_HEAD: Final = """\
# Command lines

In a clone, `make <app> ARGS="…"` runs an app's command line in its own environment and embeds what is missing; in an image the
same words come behind `python3 main.py`. Settings come from [the environment](environment.md). Exit codes: 0 done, 1 failed,
2 misconfigured or misused, with one line on standard error. This page is written by `make docs` from what the programs print.
"""
_COMMAND: Final = re.compile(r"^  ([a-z][a-z-]+)  ", re.MULTILINE)


def render_command_lines() -> str:
    """Return the page."""
    verbs = subprocess.run(["make", "--silent", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    parts = [_HEAD, "## make", f"```text\n{verbs.rstrip()}\n```"]
    with ThreadPoolExecutor(2) as pool:
        for app, helped in zip(APPS, pool.map(_ask_app, APPS), strict=True):
            parts += [f"## {app}", *helped]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _ask_app(app: str) -> list[str]:
    whole = _help(app)
    commands = _COMMAND.findall(whole.partition("Commands:")[2])
    return [f"```text\n{whole}\n```", *(f"### {app} {name}\n\n```text\n{_help(app, name)}\n```" for name in commands)]


def _help(app: str, *words: str) -> str:
    environment = {**os.environ, "COLUMNS": "80"}
    answer = subprocess.run(
        [str(python_of(app)), "main.py", *words, "--help"],
        cwd=app_folder(app),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    if not answer.stdout.startswith("Usage:"):
        raise SystemExit(f"{app}'s main.py says nothing to {' '.join([*words, '--help'])}")
    return answer.stdout.rstrip()
