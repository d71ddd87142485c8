"""`make check-release` counts what each check found, and nothing that stops a check goes uncounted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.check_release.catalogue import CHECKS, Check
from deploy.check_release.driver import run_checks
from deploy.check_release.fact import CheckFailedError, Fact
from deploy.check_release.parts import Parts

CODE = Path(__file__).resolve().parents[3]


def good(folder):
    assert list(folder.iterdir()) == []
    (folder / "left").touch()
    yield Fact("water is wet", passed=True, detail="very")
    yield Fact("fire is hot", passed=True)


def bad(folder):
    yield Fact("water is wet", passed=True)
    yield Fact("fire is cold", passed=False, detail="it burns\nand burns")


def gives_up(folder):
    yield Fact("water is wet", passed=True)
    raise CheckFailedError("no fire here")


def crashes(folder):
    yield from ()
    raise ZeroDivisionError("a bug")


def says_nothing(folder):
    yield from ()


def run(capsys, **checks):
    code = run_checks({name: Check(Parts(), check) for name, check in checks.items()})
    return code, capsys.readouterr().out.splitlines()


def test_every_fact_has_a_line_and_the_last_line_counts(capsys):
    code, lines = run(capsys, good=good, again=good)
    assert code == 0
    assert lines[:3] == ["good:", "  ok     water is wet (very)", "  ok     fire is hot"]
    assert lines[-1] == "4 passed, 0 failed"


def test_a_fact_that_does_not_hold_fails_the_verb_and_says_why(capsys):
    code, lines = run(capsys, bad=bad, good=good)
    assert code == 1
    assert "  FAILED fire is cold" in lines
    assert "         and burns" in lines
    assert lines[-1] == "3 passed, 1 failed"


@pytest.mark.parametrize(
    ("check", "reason"), [(gives_up, "no fire"), (crashes, "a bug"), (says_nothing, "something to try")]
)
def test_a_check_that_cannot_go_on_is_a_failure_and_the_others_run(capsys, check, reason):
    code, lines = run(capsys, broken=check, good=good)
    assert code == 1
    assert any(reason in line for line in lines)
    assert lines[-1].endswith(", 1 failed")
    assert "  ok     fire is hot" in lines


def test_parts_that_cannot_be_installed_are_a_failure(capsys, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    code = run_checks({"good": Check(Parts(node=True, debian=("no-such-part",)), good)})
    assert code == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"


def test_a_check_that_does_not_exist_is_refused():
    words = [sys.executable, "-m", "deploy.check_release.driver", "weather"]
    answer = subprocess.run(words, cwd=CODE, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "no such check: weather; there are: " + ", ".join(CHECKS) in answer.stderr


def test_every_check_is_a_module_of_its_name():
    for name, check in CHECKS.items():
        assert check.run.__name__ == f"check_{name}"
        assert check.run.__module__ == f"deploy.check_release.{name}"
        assert isinstance(check.parts, Parts)
