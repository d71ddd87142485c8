"""Job ``<app>:deploy``: the released image into the cluster.

``python3 -m deploy.pipelines.deploy APP``: train and stream are rolled out in place. serve's idle colour is deployed,
tried through a
way of its own, and only then made the one that callers reach.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import Final

from deploy.pipelines import colours
from deploy.pipelines.acceptance import READY_SECONDS, App, accept
from deploy.pipelines.cluster import apply_manifest, forward, wait_for_rollout
from deploy.pipelines.failure import JobFailedError, require_variable
from deploy.pipelines.images import image_variable, put_image
from deploy.pipelines.tags import parse_tag
from develop.places import APPS, CODE, USUAL_PORTS

_SECONDS: Final = 600


def deploy(app: str, image: str, version: str, *, ready_seconds: float = READY_SECONDS) -> None:
    """Return when ``image`` is what callers reach; ``JobFailedError`` when it does not come up."""
    if app == "serve":
        _deploy_colour(image, version, ready_seconds)
        return
    manifest = (CODE / app / "build" / "manifest_app.yaml").read_text(encoding="utf-8")
    apply_manifest(put_image(manifest, app, image))
    for name in list_deployments(manifest):
        wait_for_rollout(f"deployment/{name}", _SECONDS)


def list_deployments(manifest: str) -> list[str]:
    """Return the names of a manifest's Deployments. Read by their first lines, since a job's image may have no YAML."""
    return re.findall(r"^kind: Deployment\nmetadata:\n  name: (\S+)", manifest, re.MULTILINE)


def _deploy_colour(image: str, version: str, ready_seconds: float) -> None:
    """Callers keep the live colour until the other has answered as it must."""
    idle = colours.deploy(image)
    with forward(f"deployment/serve-{idle}", USUAL_PORTS["serve"]) as address:
        serve = App("serve", address, os.environ.get("SERVE_API_KEY", ""))
        for line in accept(serve, version, ready_seconds=ready_seconds):
            print(f"{idle}: {line}", flush=True)
    colours.switch()


def main() -> None:
    """Deploy what the build job made."""
    parser = argparse.ArgumentParser(prog="deploy", description="Deploy an app's released image.")
    parser.add_argument("app", choices=APPS)
    app = parser.parse_args().app
    try:
        image = require_variable(image_variable(app), "the image that the job <app>:image built")
        tag = parse_tag(require_variable("CI_COMMIT_TAG", "a deployment is a tag's"))
        deploy(app, image, tag.version)
    except JobFailedError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
