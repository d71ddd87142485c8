"""``python3 -m deploy.check_release [CHECK…]``: install what the checks need, run all of them or the named ones, count."""

from __future__ import annotations

import os
import sys
from typing import Final

from develop.environments import EnvironmentFailedError, make_environments
from develop.places import python_of

_TOOLS: Final = python_of("tools")


def main() -> None:
    """Become the same command in the environment ``tools``, whose packages the checks use."""
    try:
        make_environments(["tools"])
    except EnvironmentFailedError as error:
        sys.exit(str(error))
    words = [str(_TOOLS), "-m", "deploy.check_release.driver", *sys.argv[1:]]
    os.execv(_TOOLS, words)  # noqa: S606 - no shell is wanted  # nosec B606


if __name__ == "__main__":
    main()
