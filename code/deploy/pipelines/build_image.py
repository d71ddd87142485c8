"""Job ``<app>:image``: build an app's image by buildah on bases given by digest, and push it under its version and commit.

``python3 -m deploy.pipelines.build_image APP`` reads CI_COMMIT_TAG, CI_COMMIT_SHA, CI_REGISTRY_IMAGE, and CI_REGISTRY,
CI_REGISTRY_USER and CI_REGISTRY_PASSWORD where the registry wants a login. What was pushed goes into image.env, by digest, for
the jobs after it. Storage, isolation and registries are buildah's own settings in the environment.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.pipelines.failure import JobFailedError, require_variable
from deploy.pipelines.images import image_variable
from deploy.pipelines.tags import parse_tag
from develop.places import APPS, CODE

# Both hold the same Python; the second also a C compiler, and only a first stage stands on it.
BASES: Final = {
    "BASE": "docker.io/library/python:3.11-slim-bookworm",
    "BUILDER": "docker.io/library/python:3.11-bookworm",
}


def build_image(app: str, version: str, commit: str, bases: Mapping[str, str], *names: str) -> None:
    """Build the image of ``app`` under ``names``; ``bases`` are those of ``BASES`` that its Dockerfile wants, by digest."""
    dockerfile = CODE / app / "Dockerfile"
    arguments = {"APP_VERSION": version, "APP_COMMIT": commit, **bases}
    labels = {f"org.opencontainers.image.{part}": value for part, value in _describe_base(bases["BASE"]).items()}
    _buildah(
        "build", "--layers", "--format=docker",  # the other format, OCI, has no place for HEALTHCHECK
        *(f"--build-arg={name}={value}" for name, value in arguments.items()),
        *(f"--label={name}={value}" for name, value in labels.items()),
        *(f"--tag={name}" for name in names), f"--file={dockerfile}", str(CODE),
    )  # fmt: skip


def choose_bases(app: str) -> dict[str, str]:
    """Return the bases that the Dockerfile of ``app`` wants, pulled, each with the digest that its name has today.

    A name in the environment (BASE, BUILDER) wins; one with a digest stays as it is.
    """
    dockerfile = (CODE / app / "Dockerfile").read_text(encoding="utf-8")
    wanted = [argument for argument in BASES if f"\nARG {argument}=" in dockerfile]
    return {argument: _resolve(os.environ.get(argument) or BASES[argument]) for argument in wanted}


def push_image(name: str, *more: str) -> str:
    """Push an image under ``name`` and ``more`` names; return its digest in the registry."""
    with tempfile.TemporaryDirectory() as folder:
        digest = Path(folder) / "digest"
        for each in (name, *more):
            _buildah("push", f"--digestfile={digest}", name, f"docker://{each}")
        return digest.read_text(encoding="utf-8").strip()


def _resolve(name: str) -> str:
    if "@sha256:" in name:
        return name
    _buildah("pull", "--quiet", name)
    digest = _buildah("images", "--format={{.Digest}}", name, quiet=True).split()
    if not digest:
        raise JobFailedError(f"{name} was pulled, and its digest is not known")
    return f"{name.rpartition(':')[0]}@{digest[0]}"


def _describe_base(base: str) -> dict[str, str]:
    name, _, digest = base.partition("@")
    return {"base.name": name, "base.digest": digest}


def _log_in() -> None:
    registry, user = os.environ.get("CI_REGISTRY", ""), os.environ.get("CI_REGISTRY_USER", "")
    if registry and user:
        password = require_variable("CI_REGISTRY_PASSWORD", f"the password of {user} at {registry}")
        _buildah("login", f"--username={user}", "--password-stdin", registry, text=password)


def _buildah(*words: str, text: str = "", quiet: bool = False) -> str:
    """Return what buildah printed (``quiet``) or let it print; ``JobFailedError`` when it fails."""
    output = subprocess.PIPE if quiet else None
    answer = subprocess.run(["buildah", *words], input=text, stdout=output, text=True, check=False)
    if answer.returncode:
        raise JobFailedError(f"buildah {words[0]} ended with {answer.returncode}")
    return answer.stdout or ""


def main() -> None:
    """Build, push, and say by digest what was pushed."""
    parser = argparse.ArgumentParser(prog="build_image", description="Build and push an app's image.")
    parser.add_argument("app", choices=APPS)
    app = parser.parse_args().app
    try:
        version = parse_tag(require_variable("CI_COMMIT_TAG", "its version is the image's")).version
        commit = require_variable("CI_COMMIT_SHA", "the commit that /health shows")
        repository = f"{require_variable('CI_REGISTRY_IMAGE', 'where the project keeps its images')}/{app}"
        names = [f"{repository}:{version}", f"{repository}:{commit}"]
        _log_in()
        build_image(app, version, commit, choose_bases(app), *names)
        pushed = f"{repository}@{push_image(*names)}"
    except JobFailedError as error:
        sys.exit(str(error))
    Path(os.environ.get("CI_PROJECT_DIR", "."), "image.env").write_text(
        f"{image_variable(app)}={pushed}\n", encoding="utf-8"
    )
    print(f"{' '.join(names)}\nis {pushed}")


if __name__ == "__main__":
    main()
