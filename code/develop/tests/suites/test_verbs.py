"""The smaller make verbs: one app in the foreground, and forgetting."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CODE = Path(__file__).resolve().parents[3]
ROOT = CODE.parent


def run(*words, folder, **environment):
    return subprocess.run(
        words, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def clone(tmp_path):
    """A clone in miniature with one commit, its path with a space."""
    root = tmp_path / "a clone"
    (root / "code" / "develop").mkdir(parents=True)
    for name in ("places.py", "cleaning.py"):
        shutil.copy(CODE / "develop" / name, root / "code" / "develop")
    (root / ".gitignore").write_text("/.local/\n__pycache__/\n")
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.org")
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "first")):
        assert run(*git, *words, folder=root).returncode == 0
    return root


def test_clean_forgets_what_was_generated_and_nothing_else(clone):
    (clone / ".local" / "demo" / "sample").mkdir(parents=True)
    (clone / "code" / "develop" / ".mypy_cache").mkdir()
    (clone / "mine.txt").touch()
    answer = run(sys.executable, "-m", "develop.cleaning", folder=clone / "code")
    assert answer.returncode == 0, answer.stderr
    assert sorted(path.name for path in clone.iterdir()) == [".git", ".gitignore", "code", "mine.txt"]
    assert not (clone / "code" / "develop" / ".mypy_cache").exists()


def test_clean_does_not_rob_a_running_demo(clone):
    folder = clone / ".local" / "demo" / "sample"
    folder.mkdir(parents=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = run(sys.executable, "-m", "develop.cleaning", folder=clone / "code")
    assert answer.returncode == 1
    assert "a demo is running" in answer.stderr
    assert folder.exists()


@pytest.mark.parametrize("app", ["train", "serve", "stream"])
def test_arguments_reach_the_command_line_of_an_app_in_the_foreground(app):
    answer = run(sys.executable, "-m", "develop.foreground", app, "check", "--help", folder=CODE)
    assert answer.returncode == 0, answer.stderr
    assert "check" in answer.stdout


def test_a_variable_that_is_given_wins_over_the_embedded_one():
    answer = run(sys.executable, "-m", "develop.foreground", "serve", "check", folder=CODE, STORE_URL="gopher://x")
    assert answer.returncode == 2
    assert "STORE_URL" in answer.stderr


def test_the_exit_code_of_an_app_is_the_verbs_own():
    answer = run(sys.executable, "-m", "develop.foreground", "serve", "no-such-command", folder=CODE)
    assert answer.returncode == 2
    assert "no-such-command" in answer.stderr


def test_help_lists_every_verb_once():
    lines = run("make", "--no-print-directory", "help", folder=ROOT).stdout.splitlines()
    verbs = [line.split()[1] for line in lines]
    assert len(verbs) == len(set(verbs)) >= 14
