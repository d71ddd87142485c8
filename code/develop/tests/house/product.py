"""The product as a graph: its modules, what each imports, and in which order the steps of an app stand."""

import ast
from functools import cache
from pathlib import PurePath
from typing import NamedTuple

from develop.fixtures.tracked import APPS, list_tracked, read

FOLDERS = [*(f"code/{app}/app" for app in APPS), "code/shared/sentiment"]
MODULES = [path for folder in FOLDERS for path in list_tracked(f"{folder}/*.py")]

# The folders of app/libs in the order of the app's sentence: a step imports those before it and none after it.
STEPS = {
    "train": (
        "values", "sample", "dataset", "corpus", "vectors", "network", "evaluation", "release", "runs", "tracking", "experiments",
    ),
    "serve": ("model", "accounts", "predict"),
    "stream": ("values", "sources", "spool", "scoring", "results", "alerts", "dashboard", "backfill"),
}  # fmt: skip


class Import(NamedTuple):
    """One module that another names, and whether it does so in a function, where it is loaded when that first runs."""

    module: str
    late: bool


def app_of(path):
    """Return ``train``, ``serve``, ``stream`` or ``shared``."""
    return path.split("/")[1]


def name_of(path):
    """Return a module's name as the product's imports have it; a package's is that of its folder."""
    root = "code/shared/" if app_of(path) == "shared" else f"code/{app_of(path)}/app/"
    return ".".join(PurePath(path.removeprefix(root)).with_suffix("").parts).removesuffix(".__init__")


def step_of(app, module):
    """Return the folder that a module lies in; ``main``, or ``sentiment`` for the shared library."""
    first, *rest = module.split(".")
    return rest[0] if first == "libs" and rest else first


@cache
def modules_of(app):
    """Return the paths of an app's modules and of the shared library's by their names."""
    return {name_of(path): path for path in MODULES if app_of(path) in (app, "shared")}


@cache
def imports_of(path):
    """Return what a module imports of the product: inside functions and for the type checker alone as well."""
    known, tree = modules_of(app_of(path)), ast.parse(read(path))
    late = {id(part) for node in ast.walk(tree) if _is_function(node) for part in ast.walk(node)}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            names = [whole if whole in known else node.module for whole in parts.values()]
        else:
            continue
        found |= {Import(name, id(node) in late) for name in names if name in known}
    return frozenset(found)


def _is_function(node):
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def find_circles(app):
    """Return the groups of modules that import each other, directly or by others between them.

    A package's own function that opens one of its implementations is no part of a circle: the interface stands at the door,
    and the implementation is loaded when it is asked for.
    """
    known = modules_of(app)
    graph = {
        name: {
            each.module
            for each in imports_of(path)
            if each.module != name and not (each.late and path.endswith("/__init__.py") and each.module.startswith(f"{name}."))
        }
        for name, path in known.items()
    }  # fmt: skip
    reached = {name: _reach(graph, name) for name in graph}
    return {frozenset(other for other in reached[name] if name in reached[other]) for name in graph} - {frozenset()}


def _reach(graph, start):
    found, waiting = set(), [start]
    while waiting:
        for name in graph[waiting.pop()] - found:
            found.add(name)
            waiting.append(name)
    return found
