"""``python3 -m deploy.space.assemble FOLDER [--store DIR]``: write what a Space is built from.

That is serve, its Dockerfile, and a release.
Without ``--store`` a release is trained on the sample corpus first, in train's own environment.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from develop.environments import EnvironmentFailedError, make_environments
from develop.places import CODE, ROOT, app_folder, describe_revision, python_of

_SPACE: Final = CODE / "deploy" / "space"
_LEAVE: Final = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
# The parts of the build context code/ that serve's Dockerfile copies from.
_PARTS: Final = ("serve/app", "serve/build", "shared/sentiment")


class NoReleaseError(Exception):
    """The store has no current release; the sentence says what to do."""


def assemble(folder: Path, store: Path, revision: dict[str, str]) -> None:
    """Write the Space into ``folder``, which must be empty or absent, with the current release of ``store``.

    ``revision`` holds APP_VERSION and APP_COMMIT as far as they are known. Raises ``NoReleaseError``.
    """
    for part in _PARTS:
        shutil.copytree(CODE / part, folder / part, ignore=_LEAVE)
    _copy_release(store, folder / "store")
    shutil.copyfile(_SPACE / "README.md", folder / "README.md")
    shutil.copyfile(ROOT / "LICENSE", folder / "LICENSE")
    parts = [CODE / "serve" / "Dockerfile", _SPACE / "tail.Dockerfile"]
    text = "\n".join(part.read_text(encoding="utf-8") for part in parts)
    (folder / "Dockerfile").write_text(_stamp(text, revision), encoding="utf-8")
    _let_everybody_read(folder)


def train_sample(store: Path) -> None:
    """Train a release on the sample corpus into ``store``; raises ``CalledProcessError`` when that fails."""
    environment = {**os.environ, "STORE_URL": store.as_uri(), "DATASET_URL": "sample"}
    subprocess.run([python_of("train"), "main.py", "run"], cwd=app_folder("train"), env=environment, check=True)


def _copy_release(store: Path, target: Path) -> None:
    current = store / "models" / "current.json"
    if not current.is_file():
        raise NoReleaseError(f"{store} has no current release: leave out --store to train one on the sample corpus")
    version = json.loads(current.read_bytes())["version"]
    shutil.copytree(store / "models" / version, target / "models" / version)
    shutil.copyfile(current, target / "models" / "current.json")


def _stamp(dockerfile: str, revision: dict[str, str]) -> str:
    """Write version and commit into the Dockerfile: a Space gives its build no arguments."""
    defaults = {"APP_VERSION": "0.0.0-dev", "APP_COMMIT": "unknown"}
    for name, default in defaults.items():
        dockerfile = dockerfile.replace(f"ARG {name}={default}\n", f"ARG {name}={revision.get(name, default)}\n")
    return dockerfile


def _let_everybody_read(folder: Path) -> None:
    # A store's files are their owner's alone, and the Space's user is another.
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def main() -> None:
    """Assemble, training first if need be."""
    parser = argparse.ArgumentParser(
        prog="deploy.space.assemble", description="Write the folder of a Hugging Face Space."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--store", type=Path, help="folder of a store whose current release to ship")
    choice = parser.parse_args()
    if choice.folder.exists() and any(choice.folder.iterdir()):
        sys.exit(f"{choice.folder} is not empty")
    try:
        with tempfile.TemporaryDirectory(prefix="space-store-") as scratch:
            store = choice.store or Path(scratch)
            if choice.store is None:
                make_environments(["train"])
                train_sample(store)
            assemble(choice.folder, store.resolve(), describe_revision("serve"))
    except (EnvironmentFailedError, NoReleaseError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
