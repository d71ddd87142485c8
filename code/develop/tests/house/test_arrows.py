"""Imports point one way: main → libs → sentiment; heavy libraries stay in the few files that are named here."""

import ast
import subprocess
import sys
from pathlib import PurePath

import pytest

from develop.fixtures.tracked import APPS, ROOT, list_tracked, read
from develop.places import python_of
from house.product import MODULES

# Which files may import a library that is slow to load, bound to one vendor, or carries its own threads.
HOMES = {
    "tensorflow": {"code/train/app/libs/network/backend.py"},
    "keras": {"code/train/app/libs/network/backend.py"},
    "gensim": {"code/train/app/libs/vectors/word2vec.py"},
    "pyarrow": {
        "code/train/app/libs/dataset/table.py",
        "code/stream/app/libs/backfill/archive.py",
        "code/stream/app/libs/backfill/worker.py",
    },
    "matplotlib": {
        "code/train/app/libs/evaluation/report/plots.py",
        "code/train/app/libs/experiments/comparison_report.py",
        "code/train/app/libs/experiments/search_report.py",
    },
    "onnxruntime": {"code/shared/sentiment/model/classifier.py"},
    "boto3": {
        "code/shared/sentiment/store/s3.py",
        "code/shared/sentiment/service/aws.py",
        "code/stream/app/libs/results/dynamodb/attributes.py",
    },
    "tweepy": {"code/stream/app/libs/sources/x/api.py", "code/stream/app/libs/sources/x/posts.py"},
    "websockets": {"code/stream/app/libs/sources/bluesky/websocket.py"},
    "mlflow": {"code/train/app/libs/tracking/mlflow_release.py"},
    "optuna": {"code/train/app/libs/experiments/search.py"},
}
SLOW_OR_THREADED = ("tensorflow", "keras", "gensim", "matplotlib", "pyarrow", "onnxruntime", "scipy", "sklearn")


def imports_of(path):
    """Return the first words and whole names of every import in a file, wherever it stands."""
    names = []
    for node in ast.walk(ast.parse(read(path))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide which way they point"
            names.append(node.module or "")
    return names


def test_there_is_something_to_check():
    assert len(MODULES) > 60
    assert {path.split("/")[1] for path in MODULES} == {*APPS, "shared"}


@pytest.mark.parametrize("path", MODULES)
def test_no_import_points_back_or_sideways(path):
    first_words = {name.split(".")[0] for name in imports_of(path)}
    if path.startswith("code/shared/"):
        forbidden = {"main", "libs", *APPS, "develop", "deploy"}
    else:
        forbidden = {*APPS, "develop", "deploy", "tests"} | (set() if path.endswith("/main.py") else {"main"})
    assert not first_words & forbidden


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_only_where_the_tree_says(library):
    found = {path for path in MODULES if library in {name.split(".")[0] for name in imports_of(path)}}
    assert found == HOMES[library], f"{library} spreads, or the list has grown stale"


def test_serve_and_stream_never_name_what_train_alone_carries():
    heavy = {"tensorflow", "keras", "gensim", "sklearn", "scipy", "matplotlib"}
    for path in MODULES:
        if not path.startswith("code/train/"):
            assert not heavy & {name.split(".")[0] for name in imports_of(path)}, path


@pytest.mark.parametrize("path", MODULES)
def test_importing_a_module_does_nothing(path):
    for node in ast.parse(read(path)).body:
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Constant), f"line {node.lineno} acts at import"
        assert not isinstance(node, ast.For | ast.While | ast.With), f"line {node.lineno} acts at import"


@pytest.mark.parametrize("app", APPS)
def test_an_app_forks_its_web_workers_before_it_loads_anything_slow_or_threaded(app):
    """Threads of native libraries do not survive a fork: a worker hangs or aborts at its end."""
    script = f"import sys, main; print(sorted(set(sys.modules) & set({SLOW_OR_THREADED!r})))"
    words = [python_of(app), "-c", script]
    answer = subprocess.run(words, cwd=ROOT / "code" / app / "app", capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("path", MODULES)
def test_modules_and_functions_stay_small_enough_to_read(path):
    text = read(path)
    assert len(text.splitlines()) <= 200, "a module that long holds more than one step"
    lengths = [
        node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert all(length <= 60 for length in lengths)


def test_nine_functions_of_ten_have_at_most_thirty_lines():
    lengths = sorted(
        node.end_lineno - node.lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[int(len(lengths) * 0.9)] <= 30
    assert lengths[len(lengths) // 2] <= 10


def test_no_file_has_a_name_that_says_nothing():
    vague = {"utils", "helpers", "common", "misc", "base", "manager", "handler", "processor", "engine", "core", "util"}
    own = [*MODULES, *list_tracked("code/develop/*.py"), *list_tracked("code/deploy/*.py")]
    assert not [path for path in own if set(PurePath(path).stem.split("_")) & vague]


def test_this_suite_runs_on_the_python_that_is_promised():
    assert sys.version_info[:2] >= (3, 11)
