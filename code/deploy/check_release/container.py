"""One container, locked down as the manifests lock a pod: not root, nothing writable but what is mounted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.check_release.containers import Workshop
from deploy.check_release.fact import CheckFailedError
from develop.demo.addresses import ask, choose_port
from develop.places import USUAL_PORTS

_START_SECONDS: Final = 60.0
_USER: Final = 10001
LOCKED: Final = (
    "--read-only", "--read-only-tmpfs=false", "--tmpfs=/tmp:rw,mode=1777", "--cap-drop=ALL", "--security-opt=no-new-privileges",
    "--network=host", "--pull=never",
    "--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000",  # podman's own defaults exceed what a container may set
)  # fmt: skip


@dataclass(frozen=True)
class Container:
    """A running container of ``app`` and the port that it listens on, on loopback alone."""

    workshop: Workshop
    name: str
    port: int

    def wait_for_health(self) -> dict[str, Any]:
        """Return what ``/health`` says; ``CheckFailedError`` with the container's log when it says nothing for a minute."""
        deadline = time.monotonic() + _START_SECONDS
        while (health := ask(f"http://127.0.0.1:{self.port}/health")) is None:
            if time.monotonic() > deadline:
                raise CheckFailedError(
                    f"{self.name} does not answer:\n{self.workshop.run('podman', 'logs', self.name)}"
                )
            time.sleep(0.2)
        return health

    def execute(self, *words: str) -> str:
        """Return what a command printed inside the container."""
        return self.workshop.run("podman", "exec", self.name, *words)

    def can_write(self, path: str) -> bool:
        """Tell whether the app's user could make a file at ``path``."""
        try:
            self.execute("touch", path)
        except CheckFailedError:
            return False
        return True

    def check_health(self) -> bool:
        """Return what the image's own health check says."""
        try:
            self.workshop.run("podman", "healthcheck", "run", self.name)
        except CheckFailedError:
            return False
        return True

    def stop(self) -> float:
        """Send SIGTERM and return the seconds that the end took; after 20 it is killed."""
        started = time.monotonic()
        self.workshop.run("podman", "stop", "--time=20", self.name)
        return time.monotonic() - started


@contextmanager
def run_container(workshop: Workshop, app: str, image: str, folder: Path) -> Iterator[Container]:
    """Yield a container of ``app`` on a free port with embedded outside parts in ``folder``; remove it at the end."""
    data = folder / f"{app}-data"
    data.mkdir()
    data.chmod(0o777)  # the container's user is nobody outside
    port = choose_port(USUAL_PORTS[app])
    settings = {"HOST": "127.0.0.1", "PORT": str(port), **_give_settings(app)}
    name = f"check-release-{app}-{port}"
    given = [f"--env={key}={value}" for key, value in settings.items()]
    workshop.run("podman", "run", "--detach", f"--name={name}", *LOCKED, f"--volume={data}:/data", *given, image)
    try:
        yield Container(workshop, name, port)
    finally:
        workshop.run("podman", "rm", "--force", "--time=2", name)


def _give_settings(app: str) -> dict[str, str]:
    if app == "stream":
        return {
            "PREDICT_URL": "http://127.0.0.1:9", "SOURCE_URL": "wss://jetstream.invalid/subscribe",
            "SPOOL_URL": "file:///data/spool", "RESULTS_URL": "sqlite:////data/results.db",
        }  # fmt: skip
    return {"STORE_URL": "file:///data/store", **({"DATASET_URL": "sample"} if app == "train" else {})}
