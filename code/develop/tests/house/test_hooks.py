"""Whoever lets git check before each commit gets the checks of `make lint`, all of them and no others."""

import shlex

import pytest
import yaml

from develop.fixtures.tracked import read
from develop.suites.catalogue import list_checks

(REPOSITORY,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
HOOKS = REPOSITORY["hooks"]


def test_nothing_is_fetched_for_a_hook():
    assert REPOSITORY["repo"] == "local"
    assert {hook["language"] for hook in HOOKS} == {"system"}


def test_the_hooks_are_the_checks_in_their_order():
    assert [hook["name"] for hook in HOOKS] == [check.name for check in list_checks()]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_the_check_of_its_name(hook):
    *words, arguments = shlex.split(hook["entry"])
    assert words == ["make", "--silent", "test"]
    assert shlex.split(arguments.removeprefix("ARGS=")) == ["checks", hook["name"]]
    assert hook["pass_filenames"] is False
