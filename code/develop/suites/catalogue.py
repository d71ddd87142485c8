"""What there is to run: checks (pass or fail as a whole) and suites (pytest, counted test by test)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from develop.places import APPS, CODE, ENVIRONMENTS, LOCAL, ROOT, python_of

REPORTS: Final = LOCAL / "reports"
_TOOLS: Final = str(python_of("tools"))
_SIMULATORS: Final = (
    "develop/simulators"  # they speak by stream's own libraries, so its environment runs and checks them
)
_RULES: Final = str(ROOT / "pyproject.toml")


@dataclass(frozen=True)
class Job:
    """One process to run. ``seconds`` is its time limit, so that nothing can hang a pipeline."""

    name: str
    words: tuple[str, ...]
    folder: Path
    seconds: int
    environment: dict[str, str] = field(default_factory=dict)
    report: Path | None = None


def list_checks() -> list[Job]:
    """Return the linters and type checkers. A check has no report: its exit code is its result."""
    ruff = ("-m", "ruff")
    bandit = (
        "-m",
        "bandit",
        "--quiet",
        "--recursive",
        "--configfile",
        str(CODE / "develop" / "tools" / "bandit.yaml"),
        "code",
    )
    return [
        _check("ruff", ROOT, *ruff, "check", "."),
        _check("format", ROOT, *ruff, "format", "--check", "--quiet", "."),
        _check("bandit", ROOT, *bandit),
        *(_types_of_app(app) for app in APPS),
        _types("shared", "serve", CODE / "shared", "sentiment"),
        _types("workshop", "serve", CODE, *_workshop_modules()),
        _types("simulators", "stream", CODE, _SIMULATORS),
    ]


def list_suites() -> list[Job]:
    """Return the test suites, the longest first, so that two at a time end early."""
    return [
        _suite("train", "train", CODE / "train", "--ignore=tests/experiments", seconds=1500),
        _suite("stream", "stream", CODE / "stream", seconds=1200),
        _suite("serve", "serve", CODE / "serve", seconds=900),
        _suite("shared", "serve", CODE / "shared", seconds=600),
        _suite("experiments", "experiments", CODE / "train", "tests/experiments", seconds=1200),
        _suite("develop", "tools", CODE / "develop", seconds=1500),
        _suite("deploy", "tools", CODE / "deploy", seconds=900),
    ]


def _check(name: str, folder: Path, *words: str) -> Job:
    return Job(name, (_TOOLS, *words), folder, seconds=300)


def _types_of_app(app: str) -> Job:
    """Return the check of an app's types and of its benchmark and soak, which run rarely and borrow from its tests."""
    scripts = [*CODE.glob(f"develop/bench/{app}*.py"), *CODE.glob(f"develop/soak/{app}.py")]
    options = ("--explicit-package-bases", "--follow-imports=silent")
    job = _types(app, app, CODE / app / "app", *options, "main.py", "libs", *map(str, sorted(scripts)))
    return replace(job, environment={"MYPYPATH": os.pathsep.join([str(CODE / app / "tests"), str(CODE)])})


def _types(name: str, environment: str, folder: Path, *targets: str) -> Job:
    words = (str(python_of(environment)), "-m", "mypy", "--config-file", _RULES)
    cache = str(LOCAL / "mypy" / name)  # a cache each: two mypy processes must not share one
    return Job(f"mypy {name}", (*words, "--cache-dir", cache, *targets), folder, seconds=600)


def _suite(name: str, environment: str, folder: Path, *more: str, seconds: int) -> Job:
    report = REPORTS / f"{name}.xml"
    words = (str(python_of(environment)), "-m", "pytest", f"--junitxml={report}", "-o", "junit_family=xunit2", *more)
    return Job(name, words, folder, seconds, _test_environment(), report)


def _test_environment() -> dict[str, str]:
    data = os.environ.get("SENTIMENT_DATA_DIR") or str(ROOT.parent / "shared" / "data")
    programs = {
        "MOTO_SERVER": "tools/bin/moto_server",
        "DVC": "dvc/bin/dvc",
        "MLFLOW_SERVER": "mlflow-server/bin/mlflow",
    }
    return {name: str(ENVIRONMENTS / path) for name, path in programs.items()} | {"SENTIMENT_DATA_DIR": data}


def _workshop_modules() -> list[str]:
    """Return the scripts and packages of ``develop`` and ``deploy``, without tests, fixtures and other programs' files."""
    left_out = {_SIMULATORS, "develop/fixtures"}
    found = [*CODE.glob("develop/*.py"), *(path.parent for path in CODE.glob("de*/*/__init__.py"))]
    return sorted(name for path in found if (name := path.relative_to(CODE).as_posix()) not in left_out)
