"""The last step: the release into the store, and the gate between being published and being live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libs.job import Outcome
from sentiment.promotion import promote_release, read_current
from sentiment.publishing import publish_release

if TYPE_CHECKING:
    from pathlib import Path

    from libs.job import Job
    from sentiment.release import Manifest


def publish(job: Job, manifest: Manifest, folder: Path) -> Outcome:
    """Publish, then promote."""
    publish_release(job.store, folder, manifest)
    current = read_current(job.store)
    reason = "first valid release" if current is None else "newest release"
    promote_release(job.store, manifest.version, reason, warnings=manifest.warnings)
    return Outcome(manifest.version, promoted=True, reason=reason, metrics=manifest.metrics, warnings=manifest.warnings)
