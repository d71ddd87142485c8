"""Make the virtual environments under ``.local/venvs`` from exact pins: ``python3 -m develop.environments [--tests] NAME…``.

Standard library only, plain pip. An environment is finished when its stamp names the sha256 of what it was made from;
an interrupted or outdated one is made again from nothing. A lock lets any number of `make` commands run side by side.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from develop.places import APPS, CODE, ENVIRONMENTS, LOGS, ROOT, python_of

OLDEST_PYTHON: Final = (3, 11)
# What a user of train may leave out, and the tests use: MLflow's client and Optuna, DVC, and MLflow's server to talk to.
OPTIONAL: Final = ("experiments", "dvc", "mlflow-server")
_PINS: Final = {
    "experiments": CODE / "train" / "build" / "requirements-experiments.txt",
    "dvc": CODE / "train" / "build" / "requirements-dvc.txt",
    "airflow": CODE / "deploy" / "airflow" / "requirements.txt",
}
_BUILT_ON: Final = {"experiments": "train"}  # sees the other's packages, and so holds no second TensorFlow
AT_ONCE: Final = 2  # pip is bound by the disk and one core; more side by side gain nothing
_TAIL_LINES: Final = 15


class Step(NamedTuple):
    """Words for pip, what they depend on, if it must run alone (it writes into the clone), and if it may fail."""

    words: tuple[str, ...]
    reads: Path
    alone: bool = False
    optional: bool = False


class Layer(NamedTuple):
    """One stamped part of an environment: the app itself, or what its tests need on top."""

    stamp: str
    steps: tuple[Step, ...]


class EnvironmentFailedError(Exception):
    """An environment could not be made; the sentence says where the whole output lies."""


def plan_layers(name: str, *, tests: bool) -> list[Layer]:
    """Return the layers of the environment ``name``: an app's name, ``tools``, or one of ``OPTIONAL``."""
    if name not in APPS:
        requirements = _PINS.get(name, CODE / "develop" / name / "requirements.txt")
        return [Layer("finished", (_install_pins(requirements),))]
    shared = Step(("--no-deps", "--editable", str(CODE / "shared")), CODE / "shared" / "pyproject.toml", alone=True)
    native = CODE / name / "build" / "requirements-native.txt"
    # C source needs a compiler, and a newcomer's machine may have none: what it holds makes an app quicker, no more.
    quicker = (_install_pins(native)._replace(optional=True),) if native.exists() else ()
    layers = [Layer("finished", (_install_pins(CODE / name / "build" / "requirements.txt"), shared, *quicker))]
    if tests:
        pins = _install_pins(CODE / "develop" / "tests" / "requirements-test.txt")
        layers.append(Layer("finished-tests", (pins,)))
    return layers


def make_environment(name: str, *, tests: bool = False) -> bool:
    """Bring one environment up to date and tell whether there was anything to do.

    Raises ``EnvironmentFailedError`` with the last lines of pip's output.
    """
    layers = plan_layers(name, tests=tests)
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    if name in _BUILT_ON:
        make_environment(_BUILT_ON[name], tests=tests)  # pip leaves out what that one has
    with _locked(ENVIRONMENTS / f".{name}.lock"):
        stale = [layer for layer in layers if not _is_finished(name, layer)]
        if not stale:
            return False
        log = LOGS / f"environment-{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
        if stale[0] is layers[0]:
            _make_empty(name, log)
            stale = layers
        for layer in stale:
            for step in layer.steps:
                _install(name, step, log)
            (ENVIRONMENTS / name / f".{layer.stamp}").write_text(_digest(layer))
    return True


def make_environments(names: list[str], *, tests: bool = False) -> None:
    """Make several environments, two at a time, with a line on the screen for each that takes work."""
    _require_python()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for outcome in [pool.submit(_report, name, tests=tests) for name in names]:
            outcome.result()


def _report(name: str, *, tests: bool) -> None:
    if all(_is_finished(name, layer) for layer in plan_layers(name, tests=tests)):
        return
    print(f"  environment {name}: installing", flush=True)
    started = time.monotonic()
    if make_environment(name, tests=tests):
        print(f"  environment {name}: ready after {time.monotonic() - started:.0f} s", flush=True)


def _require_python() -> None:
    if sys.version_info[:2] < OLDEST_PYTHON:
        found, wanted = sys.version.split()[0], ".".join(map(str, OLDEST_PYTHON))
        raise EnvironmentFailedError(f"Python {wanted} is needed and this is {found}: make PYTHON=python3.11 …")


def _install_pins(requirements: Path) -> Step:
    # The pins name every package that is wanted, so pip need not look for more.
    return Step(("--no-deps", "--requirement", str(requirements)), requirements)


def _is_finished(name: str, layer: Layer) -> bool:
    try:
        return (ENVIRONMENTS / name / f".{layer.stamp}").read_text() == _digest(layer)
    except FileNotFoundError:
        return False


def _digest(layer: Layer) -> str:
    # The clone's place and the interpreter are part of it: an environment holds absolute paths to both.
    content = hashlib.sha256(f"{ROOT}\n{sys.version}\n".encode())
    for step in layer.steps:
        content.update(step.reads.read_bytes())
    return content.hexdigest()


def _make_empty(name: str, log: Path) -> None:
    shutil.rmtree(ENVIRONMENTS / name, ignore_errors=True)
    remedy = "on Debian and Ubuntu the module comes with: apt-get install python3-venv"
    _run([sys.executable, "-m", "venv", str(ENVIRONMENTS / name)], log, f"making {name}", remedy)
    if name in _BUILT_ON:
        packages = _packages_of(_BUILT_ON[name])
        # addsitedir, unlike a bare path, follows the other's own .pth files: the shared package is one of those.
        (_packages_of(name) / "built_on.pth").write_text(f"import site; site.addsitedir({str(packages)!r})\n")


def _packages_of(name: str) -> Path:
    found = "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages"
    return ENVIRONMENTS.joinpath(name, *found)


def _install(name: str, step: Step, log: Path) -> None:
    # Most of TensorFlow is never imported: what is, compiles itself at its first import, and the rest costs nothing.
    options = ("--disable-pip-version-check", "--no-input", "--no-compile")
    words = [str(python_of(name)), "-m", "pip", "install", *options, *step.words]
    with _locked(ENVIRONMENTS / ".shared.lock") if step.alone else contextlib.nullcontext():
        try:
            _run(words, log, f"installing {name}", "run the same command again when the network is back")
        except EnvironmentFailedError:
            if not step.optional:
                raise
            print(f"  environment {name}: without {step.reads.name}, so slower; {log} says why", flush=True)


def _run(words: list[str], log: Path, what: str, remedy: str) -> None:
    with log.open("ab") as output:
        code = subprocess.run(words, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT, check=False).returncode
    if code:
        tail = "\n    ".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
        raise EnvironmentFailedError(f"{what} failed ({remedy}). {log} ends with:\n    {tail}")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    """Make what the command line names."""
    parser = argparse.ArgumentParser(prog="environments", description="Make virtual environments from exact pins.")
    parser.add_argument("--tests", action="store_true", help="add what the apps' test suites need")
    parser.add_argument("names", nargs="+", choices=[*APPS, "tools", *OPTIONAL], metavar="NAME")
    choice = parser.parse_args()
    try:
        make_environments(choice.names, tests=choice.tests)
    except EnvironmentFailedError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)  # 128 + SIGINT, as shells report it


if __name__ == "__main__":
    main()
