"""Every package in an image is pinned exactly, and tests run with the versions that are shipped."""

import re

import pytest

from develop.fixtures.tracked import APPS, list_tracked, read
from develop.pins import list_pins

APP_LOCKS = {app: f"code/{app}/build/requirements.txt" for app in APPS}
TEST_LOCK = "code/develop/tests/requirements-test.txt"
LOCKS = list_tracked("*requirements*.txt")
DIRECT = list_tracked("*requirements*.in")


def plain(name):
    """PEP 503's one spelling of a package's name, without extras."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()


def read_lock(path):
    pins = re.findall(r"^([A-Za-z0-9._\[\],-]+)==([^\s;\\]+)", read(path), re.MULTILINE)
    return {plain(name): version for name, version in pins}


def read_direct(path):
    lines = [line.partition("#")[0].strip() for line in read(path).splitlines()]
    return [line for line in lines if line]


@pytest.mark.parametrize("path", DIRECT)
def test_every_direct_dependency_is_pinned_and_the_file_says_why(path):
    assert read(path).startswith("# ")
    for requirement in read_direct(path):
        assert re.fullmatch(r"[A-Za-z0-9._\[\],-]+==[^\s=]+", requirement), requirement


def test_make_pins_compiles_every_file_after_those_that_bind_it():
    paths = [path for path, _ in list_pins()]
    assert sorted(f"{path}.in" for path in paths) == DIRECT
    assert sorted(f"{path}.txt" for path in paths) == LOCKS
    for path, shipped in list_pins():
        assert all(paths.index(each) < paths.index(path) for each in shipped)


@pytest.mark.parametrize(("path", "shipped"), [(path, each) for path, shipped in list_pins() for each in shipped])
def test_no_lock_contradicts_those_that_bind_it(path, shipped):
    bound, binding = read_lock(f"{path}.txt"), read_lock(f"{shipped}.txt")
    assert {name: version for name, version in bound.items() if binding.get(name, version) != version} == {}


@pytest.mark.parametrize("path", LOCKS)
def test_every_line_of_a_lock_is_exact_and_hashed(path):
    requirements = re.split(r"\n(?=[A-Za-z])", re.sub(r"^\s*#.*\n", "", read(path), flags=re.MULTILINE))
    for requirement in filter(None, map(str.strip, requirements)):
        assert re.match(r"[A-Za-z0-9._\[\],-]+==", requirement), requirement[:60]
        assert "--hash=sha256:" in requirement, requirement[:60]


@pytest.mark.parametrize("path", LOCKS)
def test_no_lock_tells_which_index_was_asked(path):
    assert not re.search(r"https?://|--index|--find-links|--trusted", read(path))


@pytest.mark.parametrize("app", APPS)
def test_what_is_asked_for_is_what_is_locked(app):
    lock = read_lock(APP_LOCKS[app])
    for requirement in read_direct(f"code/{app}/build/requirements.in"):
        name, _, version = requirement.partition("==")
        assert lock[plain(name)] == version


@pytest.mark.parametrize("app", APPS)
def test_tests_move_no_version_that_is_shipped(app):
    shipped, tested = read_lock(APP_LOCKS[app]), read_lock(TEST_LOCK)
    assert {name: version for name, version in tested.items() if shipped.get(name, version) != version} == {}


def test_the_apps_agree_on_the_packages_they_share():
    """Not a rule of images, which are free to differ, but of a tree whose shared package is tested once."""
    locks = [read_lock(path) for path in APP_LOCKS.values()]
    shared = set.intersection(*(set(lock) for lock in locks))
    assert {"pydantic", "flask", "gunicorn", "orjson"} <= shared
    assert {name for name in shared if len({lock[name] for lock in locks}) > 1} == set()


@pytest.mark.parametrize("app", ["serve", "stream"])
def test_the_heavy_libraries_are_trains_alone(app):
    assert not {"tensorflow", "tensorflow-cpu", "keras", "gensim", "scikit-learn", "scipy"} & set(
        read_lock(APP_LOCKS[app])
    )
