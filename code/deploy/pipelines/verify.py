"""Job ``<app>:verify``: call the deployed app as its callers do; a serve that does not answer as it must is switched back.

``python3 -m deploy.pipelines.verify APP`` reads <APP>_URL, the public address (unset: through the cluster, to the Service).
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import nullcontext

from deploy.pipelines import colours
from deploy.pipelines.acceptance import READY_SECONDS, App, accept
from deploy.pipelines.cluster import forward
from deploy.pipelines.failure import JobFailedError, require_variable
from deploy.pipelines.tags import parse_tag
from develop.places import APPS, USUAL_PORTS


def verify(app: str, version: str, *, ready_seconds: float = READY_SECONDS) -> None:
    """Return when the app answers as promised; else ``JobFailedError``, after serve was switched back."""
    given = os.environ.get(f"{app.upper()}_URL", "")
    try:
        # For train and stream a Service's name leads to any of its pods, as a caller's request does.
        with nullcontext(given) if given else forward(f"service/{app}", USUAL_PORTS[app]) as address:
            key = os.environ.get(f"{app.upper()}_API_KEY", "")
            for line in accept(App(app, address, key), version, ready_seconds=ready_seconds):
                print(line, flush=True)
    except JobFailedError as error:
        if app != "serve":
            raise
        colours.back()
        raise JobFailedError(f"{error}\nserve is switched back to {colours.live()}, which callers reach now") from None


def main() -> None:
    """Verify what the deploy job deployed."""
    parser = argparse.ArgumentParser(
        prog="verify", description="Call a deployed app, and switch serve back if it fails."
    )
    parser.add_argument("app", choices=APPS)
    app = parser.parse_args().app
    try:
        verify(app, parse_tag(require_variable("CI_COMMIT_TAG", "what was deployed")).version)
    except JobFailedError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
