"""The architecture: ``images/architecture.dot`` through Graphviz."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from develop.places import ROOT

IMAGES: Final = ROOT / "images"
SOURCE: Final = IMAGES / "architecture.dot"


def draw_architecture(folder: Path) -> list[Path]:
    """Draw the source as SVG and PNG into ``folder`` and return both; ``FileNotFoundError`` without Graphviz."""
    targets = [folder / "architecture.svg", folder / "architecture.png"]
    for target in targets:
        subprocess.run(["dot", f"-T{target.suffix[1:]}", str(SOURCE), "-o", str(target)], check=True)
    return targets
