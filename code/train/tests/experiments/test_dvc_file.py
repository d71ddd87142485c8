"""dvc.yaml names all that a stage runs, so that what it made is never taken for what it would make."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from processes import APP

TRAIN = APP.parent
ROOTS = {
    "ingest": ("libs.dataset",),
    "clean": ("libs.corpus.clean",),
    "vectors": ("libs.vectors.word2vec",),
    "network": ("libs.network.training",),
    "evaluate": ("libs.evaluation.evaluate", "libs.release.files"),
    "register": ("libs.release.publish",),
}
# What changes how things are said or stored, never what a stage makes.
INDIFFERENT = (
    "sentiment/errors.py",
    "sentiment/store/",
    "sentiment/service/",
    "libs/runs/",
    "libs/service/",
    "libs/tracking/",
)


def find_module(name: str) -> Path | None:
    for base in (TRAIN / "app", TRAIN.parent / "shared"):
        path = base.joinpath(*name.split("."))
        for found in (path.with_suffix(".py"), path / "__init__.py"):
            if found.is_file():
                return found
    return None


def list_imports(node: ast.AST) -> Iterator[str]:
    """Yield what a module imports when it runs, within functions too; ``TYPE_CHECKING`` blocks never run."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.ImportFrom) and child.module:
            yield from (child.module, *(f"{child.module}.{alias.name}" for alias in child.names))
        yield from list_imports(child)


def collect_modules(names: Iterable[str], found: set[Path]) -> set[Path]:
    for name in names:
        path = find_module(name) if name.startswith(("libs", "sentiment")) else None
        if path and path not in found:
            found.add(path)
            collect_modules(list_imports(ast.parse(path.read_text(encoding="utf-8"))), found)
    return found


@pytest.mark.parametrize("name", list(ROOTS))
def test_a_stage_is_repeated_when_any_module_it_runs_changes(name: str) -> None:
    yaml = pytest.importorskip("yaml", reason="no PyYAML here")
    deps = yaml.safe_load((TRAIN / "dvc.yaml").read_text())["stages"][name]["deps"]
    known = [(TRAIN / path).resolve() for path in deps]
    missing = [
        str(path)
        for path in collect_modules(ROOTS[name], set())
        if not any(path == one or one in path.parents for one in known)
        and not any(part in path.as_posix() for part in INDIFFERENT)
    ]
    assert missing == []
