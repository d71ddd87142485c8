"""``python3 -m develop.pictures``: draw the architecture; photograph the demo's pages when one runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from develop.demo.folder import PAGES
from develop.environments import EnvironmentFailedError, make_environments
from develop.pictures.drawing import IMAGES, draw_architecture
from develop.places import LOCAL, python_of


def main() -> None:
    """Write into ``images/``."""
    try:
        for path in draw_architecture(IMAGES):
            print(f"  images/{path.name}")
        make_environments(["tools"])
    except FileNotFoundError:
        sys.exit("no Graphviz here: apt-get install graphviz")
    except EnvironmentFailedError as error:
        sys.exit(str(error))
    running = sorted(LOCAL.glob(f"demo/*/{PAGES}"))
    if not running:
        sys.exit("no demo runs, so there is no page to photograph: start `make demo` in another terminal")
    script = Path(__file__).with_name("photographs.py")
    pages = json.dumps(json.loads(running[0].read_text()))
    sys.exit(subprocess.run([python_of("tools"), script, pages], check=False).returncode)


if __name__ == "__main__":
    main()
