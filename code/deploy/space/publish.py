"""``python -m deploy.space.publish FOLDER``: put an assembled folder up as the Space HF_SPACE (owner/name), with HF_TOKEN.

Run in the environment ``tools``, which has Hugging Face's client. The Space then builds itself; this waits until it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

_WAIT_SECONDS: Final = 1800.0
_POLL_SECONDS: Final = 10.0
_FAILED: Final = frozenset({"BUILD_ERROR", "CONFIG_ERROR", "RUNTIME_ERROR", "NO_APP_FILE", "DELETING", "STOPPED"})


class PublishError(Exception):
    """The Space cannot be published, or does not come up; the sentence says why."""


def publish(
    folder: Path, environment: Mapping[str, str], client: Any, *, sleep: Callable[[float], None] = time.sleep
) -> str:
    """Upload ``folder`` and return the Space's name once it runs. ``client`` is a ``huggingface_hub.HfApi``."""
    space = environment.get("HF_SPACE", "")
    if space.count("/") != 1:
        raise PublishError("HF_SPACE is missing or malformed, e.g. HF_SPACE=acme/sentiment")
    if not (folder / "Dockerfile").is_file() or not (folder / "README.md").is_file():
        raise PublishError(f"{folder} is no assembled Space: python3 -m deploy.space.assemble {folder}")
    client.create_repo(space, repo_type="space", space_sdk="docker", exist_ok=True)
    commit = client.upload_folder(
        repo_id=space,
        repo_type="space",
        folder_path=str(folder),
        delete_patterns="*",  # a release that was replaced does not stay behind
        commit_message=f"serve {environment.get('CI_COMMIT_TAG') or 'by hand'}",
    )
    _wait_until_running(client, space, commit.oid, sleep)
    return space


def _wait_until_running(client: Any, space: str, commit: str, sleep: Callable[[float], None]) -> None:
    waited = 0.0
    while waited < _WAIT_SECONDS:
        runtime = client.get_space_runtime(space)
        stage = str(runtime.stage)
        if stage in _FAILED:
            raise PublishError(f"{space} ended in {stage}; its page has the log of the build")
        # While the new image is built, the old one still runs: its commit tells them apart.
        if stage == "RUNNING" and (runtime.raw or {}).get("sha", commit) == commit:
            return
        sleep(_POLL_SECONDS)
        waited += _POLL_SECONDS
    raise PublishError(f"{space} does not run after {_WAIT_SECONDS:.0f} s")


def main() -> None:
    """Publish with the environment's token."""
    parser = argparse.ArgumentParser(
        prog="deploy.space.publish", description="Publish an assembled Hugging Face Space."
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    token = os.environ.get("HF_TOKEN", "")
    if not token:
        sys.exit("HF_TOKEN is missing: a token with write access to the Space, as a masked variable of the project")
    from huggingface_hub import HfApi  # type: ignore[import-not-found]  # in the environment `space` alone
    from huggingface_hub.errors import HfHubHTTPError  # type: ignore[import-not-found]

    try:
        print(f"https://huggingface.co/spaces/{publish(folder, os.environ, HfApi(token=token))} runs")
    except (PublishError, HfHubHTTPError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
