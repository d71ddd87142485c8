"""The checks, cheap ones first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.check_release import images, manifests, monitoring, pipelines, scheduling, space, stack
from deploy.check_release.fact import Fact
from deploy.check_release.parts import Parts


@dataclass(frozen=True)
class Check:
    """A module's two public names."""

    parts: Parts
    run: Callable[[Path], Iterator[Fact]]


CHECKS: Final = {
    "manifests": Check(manifests.PARTS, manifests.check_manifests),
    "pipelines": Check(pipelines.PARTS, pipelines.check_pipelines),
    "images": Check(images.PARTS, images.check_images),
    "space": Check(space.PARTS, space.check_space),
    "monitoring": Check(monitoring.PARTS, monitoring.check_monitoring),
    "scheduling": Check(scheduling.PARTS, scheduling.check_scheduling),
    "stack": Check(stack.PARTS, stack.check_stack),
}
