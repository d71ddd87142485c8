"""Rooms stay small enough to read, say at the door what they are, and call each thing by one name."""

import ast
from collections import defaultdict
from pathlib import PurePath

import pytest

from develop.fixtures.tracked import APPS, list_tracked, read
from house.product import MODULES

DOORS = [path for path in MODULES if path.endswith("/__init__.py")]
# Classes whose name another module of the product has for something else.
SHARED_NAMES = set()


def test_the_workshop_keeps_to_the_size_of_a_module_as_well():
    own = [path for path in list_tracked("code/de*/*.py") if "/tests/" not in path]
    assert len(own) > 80
    assert {path: lines for path in own if (lines := len(read(path).splitlines())) > 200} == {}


def test_a_folder_holds_at_most_a_dozen_modules():
    folders = defaultdict(list)
    for path in MODULES:
        if path not in DOORS:
            folders[str(PurePath(path).parent)].append(path)
    assert {folder: len(paths) for folder, paths in folders.items() if len(paths) > 12} == {}


@pytest.mark.parametrize("app", APPS)
def test_main_is_the_sentence_and_little_else(app):
    assert len(read(f"code/{app}/app/main.py").splitlines()) <= 60


@pytest.mark.parametrize("path", DOORS)
def test_a_folder_says_what_it_is(path):
    said = ast.get_docstring(ast.parse(read(path))) or ""
    assert len(said.split()) >= 3


def test_every_folder_of_the_product_has_a_door():
    folders = {str(PurePath(path).parent) for path in MODULES if not path.endswith("/main.py")}
    assert folders == {str(PurePath(path).parent) for path in DOORS}


def test_a_class_has_its_name_for_itself():
    """But what goes over the wire has the name of the thing: a contract's models are read in the HTTP description alone."""
    homes = defaultdict(set)
    for path in MODULES:
        place = f"contracts of {path.split('/')[1]}" if path.endswith("/contract.py") else "the product"
        for node in ast.parse(read(path)).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[place, node.name].add(path)
    assert {name for (_, name), paths in homes.items() if len(paths) > 1} == SHARED_NAMES
