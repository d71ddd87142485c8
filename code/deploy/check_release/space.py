"""The Hugging Face Space: assembled with a release of the sample corpus, built as a Space is, and asked for a prediction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import requests

from deploy.check_release.containers import PACKAGES, Workshop, open_workshop
from deploy.check_release.fact import CheckFailedError, Fact
from deploy.check_release.local_apps import ask
from deploy.check_release.parts import Parts
from deploy.space.assemble import assemble, train_sample
from develop.places import describe_revision

PARTS: Final = Parts(debian=PACKAGES, environments=("train",))
_PORT: Final = 7860  # Hugging Face's; nothing else on this machine should hold it
_NAME: Final = "check-release-space"
_START_SECONDS: Final = 120.0


def check_space(folder: Path) -> Iterator[Fact]:
    """Train the sample release, assemble, build, start, ask."""
    store, space = folder / "store", folder / "space"
    train_sample(store)
    assemble(space, store, describe_revision("serve"))
    megabytes = sum(path.stat().st_size for path in space.rglob("*") if path.is_file()) / 1e6
    yield Fact("the Space is assembled with a release of the sample corpus", megabytes < 500, f"{megabytes:.1f} MB")
    with open_workshop() as workshop:
        bases = [f"--build-arg={name}={workshop.registry}/{name.lower()}:bookworm" for name in ("BASE", "BUILDER")]
        workshop.run("buildah", "build", "--layers", "--format=docker", *bases, f"--tag={_NAME}", str(space))
        yield Fact("its Dockerfile builds from that folder alone", passed=True)
        # As a Space runs it: user 1000, nothing set but what the image sets.
        options = (
            "--user=1000:1000",
            "--network=host",
            "--ulimit=nofile=1024:1024",
            "--ulimit=nproc=1000:1000",
            "--pull=never",
        )
        workshop.run(
            "podman", "run", "--detach", f"--name={_NAME}", *options, "--env=HOST=127.0.0.1", f"localhost/{_NAME}"
        )
        try:
            yield from _ask(workshop)
        finally:
            workshop.run("podman", "rm", "--force", "--time=2", _NAME)


def _ask(workshop: Workshop) -> Iterator[Fact]:
    url = f"http://127.0.0.1:{_PORT}"
    deadline = time.monotonic() + _START_SECONDS
    while ask(f"{url}/ready") is None:
        if time.monotonic() > deadline:
            raise CheckFailedError(f"the Space is not ready:\n{workshop.run('podman', 'logs', _NAME)[-3000:]}")
        time.sleep(0.5)
    answer = requests.post(f"{url}/predict", json={"texts": ["I love it", "I hate it"]}, timeout=30).json()
    love, hate = (row["score"] for row in answer["predictions"])
    yield Fact("the Space is ready by itself, and predicts", love > hate, f"{love:.3f} and {hate:.3f}")
    page = requests.get(url, timeout=30)
    yield Fact("its page is shown", page.status_code == 200 and "html" in page.headers["Content-Type"])
