"""System parts: what the checks need beyond the repository, installed by the driver."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.check_release.fact import CheckFailedError
from develop.environments import make_environments
from develop.places import CODE, LOCAL

NODE: Final = LOCAL / "node"
_NODE_PINS: Final = CODE / "develop" / "tools" / "node"


@dataclass(frozen=True)
class Parts:
    """Debian packages, Python environments (``tools`` or an app's name), and whether the pinned Node programs are needed."""

    debian: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    node: bool = False


def install_parts(wanted: Iterable[Parts]) -> None:
    """Install what is missing of all that is ``wanted``; ``CheckFailedError`` where that is impossible."""
    parts = list(wanted)
    needs_node = any(part.node for part in parts)
    node = {"nodejs", "npm"} if needs_node and shutil.which("npm") is None else set()
    _install_debian(sorted({name for part in parts for name in part.debian} | node))
    make_environments(sorted({name for part in parts for name in part.environments}), tests=True)
    if needs_node:
        _install_node()


def _install_debian(names: Sequence[str]) -> None:
    missing = [name for name in names if not _is_installed(name)]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise CheckFailedError(f"apt-get is missing; install by hand: {' '.join(missing)}")
    print(f"  Debian packages: {' '.join(missing)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "update", "-qq"], quiet)
    _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], quiet)


def _is_installed(name: str) -> bool:
    if shutil.which("dpkg-query") is None:
        return False
    words = ["dpkg-query", "--show", "--showformat", "${db:Status-Status}", name]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout == "installed"


def _install_node() -> None:
    pins = (_NODE_PINS / "package-lock.json").read_bytes()
    installed = NODE / "package-lock.json"
    if (NODE / "finished").exists() and installed.read_bytes() == pins:
        return
    print("  Node programs", flush=True)
    shutil.rmtree(NODE, ignore_errors=True)
    shutil.copytree(_NODE_PINS, NODE)
    _run(["npm", "ci", "--prefix", str(NODE), "--ignore-scripts", "--no-audit", "--no-fund"], dict(os.environ))
    (NODE / "finished").touch()


def _run(words: Sequence[str], environment: dict[str, str]) -> None:
    answer = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise CheckFailedError(f"{' '.join(words[:3])} failed:\n{(answer.stdout + answer.stderr)[-2000:]}")
