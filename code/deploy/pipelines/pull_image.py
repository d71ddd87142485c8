"""Job ``<app>:pull``: pull the released image on every node, so that no pod of the deployment waits for it.

``python3 -m deploy.pipelines.pull_image APP`` starts a DaemonSet whose pods are that image, waits for all of them,
and removes it.
"""

from __future__ import annotations

import argparse
import sys
from typing import Final

from deploy.pipelines.cluster import apply_manifest, run_kubectl, wait_for_rollout
from deploy.pipelines.failure import JobFailedError, require_variable
from deploy.pipelines.images import image_variable, put_image
from develop.places import APPS, CODE

_MANIFEST: Final = CODE / "deploy" / "kubernetes" / "prepull.yaml"
_SECONDS: Final = 900  # train's image is 2 GB, and a cold node fetches it whole


def pull_image(app: str, image: str) -> None:
    """Return when every node has ``image``; ``JobFailedError`` when one cannot get it. The DaemonSet is removed anyway."""
    manifest = put_image(_MANIFEST.read_text(encoding="utf-8"), "app", image).replace("prepull-app", f"prepull-{app}")
    try:
        apply_manifest(manifest)
        wait_for_rollout(f"daemonset/prepull-{app}", _SECONDS)
    finally:
        run_kubectl("delete", f"daemonset/prepull-{app}", "--ignore-not-found", "--wait=false")


def main() -> None:
    """Pull what the build job made."""
    parser = argparse.ArgumentParser(prog="pull_image", description="Pull an app's released image on every node.")
    parser.add_argument("app", choices=APPS)
    app = parser.parse_args().app
    try:
        pull_image(app, require_variable(image_variable(app), "the image that the job <app>:image built"))
    except JobFailedError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
