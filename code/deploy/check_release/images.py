"""Images: built by the pipeline's own script, measured, started as locked down as on Kubernetes, and asked for their health."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from deploy.check_release.clones import git, make_clone
from deploy.check_release.container import LOCKED, Container, run_container
from deploy.check_release.containers import PACKAGES, Workshop, open_workshop
from deploy.check_release.fact import CheckFailedError, Fact
from deploy.check_release.parts import Parts
from deploy.pipelines.images import image_variable

PARTS: Final = Parts(debian=PACKAGES)
VERSION: Final = "1.2.3"
_MOST_MB: Final = {"serve": 350, "stream": 450, "train": 2300}  # beyond the base
# What has no business in an image; the base's own Python may have its pip.
_LIST_NEEDLESS: Final = """
import json, os
found = [os.path.join(folder, name) for top in ("/opt/venv", "/app", "/build")
         for folder, folders, files in os.walk(top) for name in [*folders, *files]
         if top == "/build" or name in ("pip", "pytest", ".git", "Dockerfile")]
print(json.dumps(found))
"""


def check_images(folder: Path) -> Iterator[Fact]:
    """Yield, for each app: its image is built and pushed, small enough, and answers from a locked-down container."""
    clone = make_clone(folder)
    with open_workshop() as workshop:
        for app in _MOST_MB:
            yield from _check_image(workshop, app, clone)


def _check_image(workshop: Workshop, app: str, clone: Path) -> Iterator[Fact]:
    commit = git(clone, "rev-parse", "HEAD")
    started = time.monotonic()
    image = build_and_push(workshop, app, commit, clone)
    yield Fact(f"{app}'s image is built and pushed", passed=True, detail=f"{time.monotonic() - started:.0f} s, {image}")
    workshop.run("podman", "pull", "--quiet", image)  # as a node does: what was pushed, by its digest
    yield from _look_at(workshop, app, image)
    with run_container(workshop, app, image, clone.parent) as container:
        yield from _ask(container, app, commit)


def build_and_push(workshop: Workshop, app: str, commit: str, clone: Path) -> str:
    """Run the image job's script in ``clone``; return what it says that it pushed: a name with a digest."""
    job = {
        "CI_COMMIT_TAG": f"{app}-v{VERSION}",
        "CI_COMMIT_SHA": commit,
        "CI_REGISTRY_IMAGE": workshop.registry,
        "CI_PROJECT_DIR": str(clone.parent),
        "PYTHONPATH": str(clone / "code"),
    }
    workshop.with_variables(job).run(sys.executable, "-m", "deploy.pipelines.build_image", app)
    name, _, image = (clone.parent / "image.env").read_text(encoding="utf-8").strip().partition("=")
    if name != image_variable(app):
        raise CheckFailedError(f"image.env names {name}, and the jobs after it read {image_variable(app)}")
    return image


def _look_at(workshop: Workshop, app: str, image: str) -> Iterator[Fact]:
    found = _inspect(workshop, image)
    base = f"{found['Labels']['org.opencontainers.image.base.name']}@{found['Labels']['org.opencontainers.image.base.digest']}"
    megabytes = (found["Size"] - _inspect(workshop, base)["Size"]) / 1e6
    most = _MOST_MB[app]
    yield Fact(f"{app}'s image adds at most {most} MB to its base", megabytes <= most, f"{megabytes:.0f} MB on {base}")
    yield Fact(f"{app}'s image has a health check", "Healthcheck" in json.dumps(found))
    listing = workshop.run("podman", "run", "--rm", *LOCKED, "--entrypoint=python3", image, "-c", _LIST_NEEDLESS)
    needless = json.loads(listing.splitlines()[-1])
    yield Fact(f"{app}'s image holds no installer, test or build file", not needless, "\n".join(needless[:20]))


def _inspect(workshop: Workshop, image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(workshop.run("podman", "image", "inspect", image))[0]
    return found


def _ask(container: Container, app: str, commit: str) -> Iterator[Fact]:
    health = container.wait_for_health()
    told = {name: health.get(name) for name in ("status", "app", "version", "commit")}
    wanted = {"status": "ok", "app": app, "version": VERSION, "commit": commit}
    yield Fact(f"{app}'s container answers /health with its version and commit", told == wanted, json.dumps(health))
    yield Fact(f"{app}'s container runs as user 10001", container.execute("id", "-u").strip() == "10001")
    yield Fact(f"{app}'s container cannot write into itself", not container.can_write("/app/x"))
    healthy = container.check_health()
    # serve counts as healthy for Docker once a release is live, and here none is.
    yield Fact(f"{app}'s health check tells the truth", healthy is (app != "serve"), f"it says healthy: {healthy}")
    seconds = container.stop()
    yield Fact(f"{app}'s container ends by itself when asked to", seconds < 10, f"{seconds:.1f} s")
