"""What develop and deploy import of the product is there: benchmarks and rehearsals run rarely, a moved module breaks them."""

import ast
import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

from develop.fixtures.tracked import APPS, ROOT, list_tracked, read
from develop.places import python_of

WORKSHOP = [path for folder in ("develop", "deploy") for path in list_tracked(f"code/{folder}/*.py")]
ROOTS = {
    "libs": [ROOT / "code" / app / "app" for app in APPS],
    "sentiment": [ROOT / "code" / "shared"],
    "develop": [ROOT / "code"],
    "deploy": [ROOT / "code"],
}
MEASURED = [
    (path, app)
    for app in APPS
    for path in (f"code/develop/bench/{app}.py", f"code/develop/soak/{app}.py")
    if (ROOT / path).is_file()
]


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the names that a module binds at its top level, and the modules of a package."""
    names = {each.stem for each in path.parent.iterdir()} if path.name == "__init__.py" else set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return frozenset(names)


def files_of(module):
    """Return the files that a module's name may stand for, one in each app that has it."""
    first, *rest = module.split(".")
    found = [root.joinpath(first, *rest) for root in ROOTS[first]]
    return [file for each in found for file in (each.with_suffix(".py"), each / "__init__.py") if file.is_file()]


def list_programs(path):
    """Return a file's own syntax tree, and those of the programs that it hands to another interpreter as text."""
    tree = ast.parse(read(path))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    programs = [text for text in texts if "import " in text and ("from libs" in text or "from sentiment" in text)]
    return [tree, *(ast.parse(text) for text in programs if _is_program(text))]


def _is_program(text):
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("path", WORKSHOP)
def test_every_part_of_the_product_that_is_imported_exists(path):
    for tree in list_programs(path):
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or (node.module or "").split(".")[0] not in ROOTS:
                continue
            files = files_of(node.module)
            assert files, f"{node.module} is gone"
            for alias in node.names:
                assert any(alias.name in names_in(file) for file in files), f"{node.module} has no {alias.name}"


@pytest.mark.parametrize(("path", "app"), MEASURED)
def test_every_benchmark_and_soak_finds_its_parts(path, app):
    """They borrow from the app's own tests as well, which only running their imports shows."""
    paths = os.pathsep.join(str(ROOT / "code" / part) for part in (".", f"{app}/app"))
    words = [python_of(app), "-c", f"import runpy; runpy.run_path({str(ROOT / path)!r}, run_name='imported')"]
    given = {**os.environ, "PYTHONPATH": paths}
    answer = subprocess.run(
        words, cwd=ROOT / "code" / app, env=given, capture_output=True, text=True, timeout=120, check=False
    )
    assert answer.returncode == 0, answer.stderr
