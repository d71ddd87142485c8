"""The README's tree: every file that matters to a reader, with the role that its own first sentence gives it."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Final

from develop.places import ROOT

# Files that cannot say in a docstring what they are for.
_ROLES: Final = {
    "Dockerfile": "the image; build context is code/",
    ".gitlab-ci.yml": "the app's pipeline, started by its tag",
    ".gitignore": "what this folder's tools generate",
    "build/manifest_app.yaml": "the app on Kubernetes",
    "build/requirements-build.txt": "the same for what compiles a dependency in the image's first stage",
    "build/requirements.in": "direct dependencies, each with its reason",
    "build/requirements.txt": "every package the image holds, pinned with hashes",
    "build/requirements-experiments.txt": "the same for MLflow and Optuna, which are optional",
    "build/requirements-dvc.txt": "the same for DVC, which is optional and has its own environment",
    "openapi.json": "the HTTP contract, served at /openapi.json",
    "pyproject.toml": "makes the package installable",
    "pytest.ini": "how this suite runs",
    "py.typed": "tells type checkers that the package is typed",
    "phrases.json": "the phrase book of the sample corpus",
    "grafana/dashboards/sentiment.json": "the dashboard: how people feel, stream, serve, train",
    "tools/bandit.yaml": "what the security lint skips, and why",
    "node/package.json": "Node programs that rehearse pipelines",
    "node/package-lock.json": "the same, every package pinned with hashes",
    "space/README.md": "the Space's own page, with its settings in front",
    "tools/requirements.in": "linters and test servers that share no environment with an app",
}
_KINDS: Final = {
    ".txt": "the same, every package pinned with hashes",
    ".jinja": "template, filled by the module beside it",
    ".html": "template, filled by the module beside it",
    ".json": "data, read by the module beside it",
    ".jsonl": "data, read by the module beside it",
}
_FOLDED: Final = ("tests", "app/web", "app/templates", "app/static", "bench", "soak", ".dvc")
_FOLDED_ROLES: Final = {
    "tests": "its suite; each file tests the module it is named after",
    "app/web": "the page: templates, scripts, styles, the HTTP contract",
    "app/templates": "the page's HTML",
    "app/static": "the page's scripts and styles",
    "bench": "`make bench`: how fast, on which machine, with which method",
    "soak": "`make soak`: long runs with injected faults",
    ".dvc": "DVC's own settings",
}
_FIRST_SENTENCE: Final = re.compile(r"(.+?)\.(\s|$)")


def list_files(folder: str) -> list[str]:
    """Return the paths that git tracks below ``folder``, relative to it, in order."""
    words = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", folder]
    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(path.removeprefix(f"{folder}/") for path in found if (ROOT / path).is_file())


def render_tree(folder: str) -> str:
    """Return the tree of ``code/<part>`` as lines of path and role; raises ``ValueError`` for a file without a role."""
    rows = [(path, find_role(folder, path)) for path in _fold(list_files(folder))]
    width = max(len(path) for path, _ in rows) + 2
    return "\n".join(f"{path:{width}}{role}" for path, role in rows if role)


def find_role(folder: str, path: str) -> str:
    """Return what a file or folded folder is for; nothing for a package's empty ``__init__.py``."""
    if path.endswith("/"):
        return next(role for name, role in _FOLDED_ROLES.items() if path.rstrip("/").endswith(name))
    if path.endswith(".py"):
        return _read_docstring(ROOT / folder / path)
    known = next((role for name, role in _ROLES.items() if path == name or path.endswith(f"/{name}")), "")
    return known or _KINDS.get(PurePath(path).suffix) or _read_comment(ROOT / folder / path)


def _fold(paths: Iterable[str]) -> list[str]:
    folded = dict.fromkeys(
        next((path[: len(name) + 1] for name in _FOLDED if path.startswith(f"{name}/")), path) for path in paths
    )
    return list(folded)


def _read_docstring(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if text:
        return _first_sentence(text)
    if path.name == "__init__.py" and not path.read_text(encoding="utf-8").strip():
        return ""
    raise ValueError(f"{path} has no docstring that says what it is for")


def _read_comment(path: Path) -> str:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    if first.startswith("# ") and len(first) > 2:
        return _first_sentence(first[2:])
    raise ValueError(f"{path} says nowhere what it is for: begin it with a comment, or name its role in {__name__}")


def _first_sentence(text: str) -> str:
    line = " ".join(text.partition("\n\n")[0].split())
    match = _FIRST_SENTENCE.match(line)
    return (match[1] if match else line).replace("`", "")
