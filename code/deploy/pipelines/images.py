"""Names of images, and where manifests name them."""

from __future__ import annotations

import re
from typing import Final

from deploy.pipelines.failure import JobFailedError

PLACEHOLDER: Final = "registry.example.com/sentiment/{app}:0.0.0"
# Registry, path and tag or digest, so that nothing else can be smuggled into a manifest.
_IMAGE: Final = re.compile(r"[a-z0-9][\w.:/-]*(:[\w.-]+|@sha256:[0-9a-f]{64})")


def image_variable(app: str) -> str:
    """Return the variable that carries an app's built image, by digest, from one job to the next."""
    return f"{app.upper()}_IMAGE"


def put_image(manifest: str, app: str, image: str) -> str:
    """Return ``manifest`` with ``image`` wherever it names the app's; ``JobFailedError`` when it does so nowhere."""
    if not _IMAGE.fullmatch(image):
        raise JobFailedError(f"'{image}' is no image with a tag or digest")
    placeholder = PLACEHOLDER.format(app=app)
    if placeholder not in manifest:
        raise JobFailedError(f"the manifest does not name {placeholder}")
    return manifest.replace(placeholder, image)
