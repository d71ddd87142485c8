"""Job ``<app>:audit``: known vulnerabilities of exactly the packages that the app's image holds.

``python3 -m deploy.pipelines.audit APP`` asks the advisory database; a pin with an advisory fails the job.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from develop.environments import EnvironmentFailedError, make_environments
from develop.places import APPS, CODE, python_of


def main() -> None:
    """Be pip-audit over one app's pins."""
    parser = argparse.ArgumentParser(prog="audit", description="Look for known vulnerabilities of an app's packages.")
    parser.add_argument("app", choices=APPS)
    app = parser.parse_args().app
    try:
        make_environments(["tools"])
    except EnvironmentFailedError as error:
        sys.exit(str(error))
    pins = CODE / app / "build" / "requirements.txt"
    words = ["-m", "pip_audit", "--strict", "--require-hashes", "--disable-pip", "--requirement", str(pins)]
    sys.exit(subprocess.run([str(python_of("tools")), *words], check=False).returncode)


if __name__ == "__main__":
    main()
