"""Images without a container engine's daemon: buildah and podman with storage and settings of their own, and a registry.

Everything lies under ``.local/containers``, which keeps the layers of the last rehearsal; `make clean` forgets it.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.check_release.fact import CheckFailedError
from develop.demo.addresses import ask, choose_port
from develop.places import LOCAL

PACKAGES: Final = ("buildah", "podman", "runc", "mmdebstrap", "debian-archive-keyring", "docker-registry")
_FOLDER: Final = LOCAL / "containers"
_PYTHON: Final = "python3,python3-venv,python3-pip,ca-certificates"
_REGISTRY_PORT: Final = 5055
_BUNDLE: Final = "/etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True)
class Workshop:
    """Where images are built: a registry's address, and the environment of whatever builds and pushes."""

    registry: str
    environment: dict[str, str]

    def with_variables(self, variables: Mapping[str, str]) -> Workshop:
        """Return the same workshop with more variables for what it runs."""
        return Workshop(self.registry, {**self.environment, **variables})

    def list_settings(self) -> dict[str, str]:
        """Return the variables that whatever builds here needs beyond this process's own."""
        return {name: value for name, value in self.environment.items() if os.environ.get(name) != value}

    def run(self, *words: str, seconds: int = 3600) -> str:
        """Return what a command printed; ``CheckFailedError`` with the end of its output when it fails."""
        answer = subprocess.run(
            words, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds,
            check=False,
        )  # fmt: skip
        if answer.returncode:
            raise CheckFailedError(f"{' '.join(words[:3])} ended with {answer.returncode}:\n{answer.stdout[-3000:]}")
        return answer.stdout


@contextmanager
def open_workshop() -> Iterator[Workshop]:
    """Yield a workshop whose registry holds the two bases (``base`` and ``builder``, tag ``bookworm``)."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    port = choose_port(_REGISTRY_PORT)
    registry = f"127.0.0.1:{port}"
    with _locked(), _run_registry(port):
        environment = {**os.environ, **_write_settings(registry)}
        workshop = Workshop(registry, environment)
        _make_bases(workshop)
        bases = {"BASE": f"{registry}/base:bookworm", "BUILDER": f"{registry}/builder:bookworm"}
        yield Workshop(registry, environment | bases)


@contextmanager
def _locked() -> Iterator[None]:
    with (_FOLDER / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CheckFailedError("another rehearsal uses the same storage: let it end first") from None
        yield


def _write_settings(registry: str) -> dict[str, str]:
    """Write the settings of buildah and podman; return the variables that lead to them."""
    texts = {
        "storage.conf": f'[storage]\ndriver = "overlay"\ngraphroot = "{_FOLDER}/storage"\nrunroot = "{_FOLDER}/run"\n',
        "registries.conf": f'[[registry]]\nlocation = "{registry}"\ninsecure = true\n',
        # No systemd, no cgroup delegation, no capabilities beyond root's: what a container or a CI machine offers.
        "containers.conf": "[containers]\nvolumes = ["
        + ", ".join(f'"{volume}"' for volume in _find_volumes())
        + ']\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\nruntime = "/usr/sbin/runc"\n',
        "policy.json": '{"default": [{"type": "insecureAcceptAnything"}]}\n',
    }
    for name, text in texts.items():
        (_FOLDER / name).write_text(text, encoding="utf-8")
    return {
        "CONTAINERS_STORAGE_CONF": str(_FOLDER / "storage.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(_FOLDER / "registries.conf"),
        "CONTAINERS_CONF": str(_FOLDER / "containers.conf"),
        "BUILDAH_ISOLATION": "chroot",
        "STORAGE_DRIVER": "overlay",
    }


def _find_volumes() -> list[str]:
    """Return what pip needs inside a build on a machine with certificates or settings of its own. Mounted, never copied."""
    bundle = Path(os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or _BUNDLE)
    settings = Path("/etc/pip.conf")
    mounts = {bundle: _BUNDLE, settings: str(settings)}
    return [f"{source}:{target}:ro" for source, target in mounts.items() if source.is_file()]


@contextmanager
def _run_registry(port: int) -> Iterator[None]:
    settings = _FOLDER / "registry.yml"
    settings.write_text(
        "version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: "
        f"{_FOLDER}/registry}}}}\nhttp: {{addr: 127.0.0.1:{port}}}\n",
        encoding="utf-8",
    )
    with (_FOLDER / "registry.log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(settings)], stdout=log, stderr=log)
        try:
            _wait_for_registry(process, port)
            yield
        finally:
            process.terminate()
            process.wait(10)


def _wait_for_registry(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while ask(f"http://127.0.0.1:{port}/v2/") is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise CheckFailedError(f"the registry did not start: {(_FOLDER / 'registry.log').read_text()[-1000:]}")
        time.sleep(0.1)


def _make_bases(workshop: Workshop) -> None:
    """Bootstrap Debian once, and put both bases into the registry."""
    tar = _FOLDER / "base.tar"
    if not tar.exists():
        made = tar.with_name("base.partial.tar")
        made.unlink(missing_ok=True)
        workshop.run("mmdebstrap", "--variant=minbase", f"--include={_PYTHON}", "bookworm", str(made))
        made.rename(tar)
    dockerfile = Path(__file__).with_name("base.Dockerfile")
    for target in ("base", "builder"):
        name = f"{workshop.registry}/{target}:bookworm"
        if ask(f"http://{workshop.registry}/v2/{target}/tags/list") != {"name": target, "tags": ["bookworm"]}:
            workshop.run("buildah", "build", "--layers", "--format=docker", f"--target={target}", f"--tag={name}",
                         f"--file={dockerfile}", str(_FOLDER))  # fmt: skip
            workshop.run("buildah", "push", name)
