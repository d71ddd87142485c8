"""The steps of an app stand in the order of its sentence, nothing goes in circles, and imports show what is used."""

import ast

import pytest

from develop.fixtures.tracked import APPS, read
from house.product import MODULES, STEPS, app_of, find_circles, imports_of, modules_of, name_of, step_of

# Of what every service has, settings and metrics are for all of the app; the rest joins the steps and is main's alone.
FOR_ALL = {"libs.service.settings", "libs.service.metrics"}
# Libraries that take long to load, or must not be loaded before a server has forked.
HEAVY = {
    "tensorflow",
    "keras",
    "gensim",
    "matplotlib",
    "pyarrow",
    "onnxruntime",
    "scipy",
    "sklearn",
    "mlflow",
    "optuna",
    "dash",
}


def list_arrows(app):
    """Return ``(module, imported module)`` for every import that leaves a step of the app."""
    found = [
        (name, each.module)
        for name, path in modules_of(app).items()
        if app_of(path) == app
        for each in imports_of(path)
    ]
    return [(name, other) for name, other in found if step_of(app, name) != step_of(app, other)]


@pytest.mark.parametrize("app", APPS)
def test_every_folder_of_an_app_is_a_step_of_its_sentence_or_its_service(app):
    folders = {step_of(app, name) for name, path in modules_of(app).items() if app_of(path) == app}
    assert folders == {"main", "libs", "service", *STEPS[app]}


@pytest.mark.parametrize("app", APPS)
def test_a_step_imports_only_what_stands_before_it(app):
    order = {name: place for place, name in enumerate(("sentiment", *STEPS[app]))}
    inner = [arrow for arrow in list_arrows(app) if step_of(app, arrow[0]) in STEPS[app]]
    wrong = [
        (name, other)
        for name, other in inner
        if other not in FOR_ALL and order.get(step_of(app, other), len(order)) > order[step_of(app, name)]
    ]
    assert wrong == []


@pytest.mark.parametrize("app", [*APPS, "shared"])
def test_no_modules_import_each_other_in_a_circle(app):
    assert sorted(map(sorted, find_circles(app))) == []


def blocks_of(path):
    """Return each import that only the type checker sees, with its line of source and the one above it."""
    lines = read(path).splitlines()
    for block in ast.walk(ast.parse(read(path))):
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING":
            for node in block.body:
                yield node, lines[node.lineno - 1] + lines[node.lineno - 2]


@pytest.mark.parametrize("path", MODULES)
def test_an_import_for_the_type_checker_alone_is_of_something_heavy_or_says_why(path):
    for node, source in blocks_of(path):
        assert isinstance(node, ast.ImportFrom | ast.Import)
        first = (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        assert first in HEAVY or "  # " in source, f"line {node.lineno}: an ordinary import would show the arrow"


def test_the_names_of_modules_are_read_as_imports_have_them():
    assert name_of("code/serve/app/libs/model/live.py") == "libs.model.live"
    assert name_of("code/shared/sentiment/store/__init__.py") == "sentiment.store"
    assert step_of("serve", "libs.model.live") == "model"
