"""The smaller make verbs: one app in the foreground, tags, and forgetting."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

OPERATIONS = Path(__file__).resolve().parents[2]
ROOT = OPERATIONS.parents[1]


def run(*words, folder, **environment):
    return subprocess.run(
        words, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def clone(tmp_path):
    """A clone in miniature with one commit, its path with a space."""
    root = tmp_path / "a clone"
    (root / "code" / "operations").mkdir(parents=True)
    for name in ("places.py", "release.py", "cleaning.py"):
        shutil.copy(OPERATIONS / name, root / "code" / "operations")
    (root / "CHANGELOG.md").write_text("## [Unreleased]\n\n## [serve 1.2.3] - 2026-11-21\n")
    (root / ".gitignore").write_text("/.local/\n__pycache__/\n")
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.org")
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "first")):
        assert run(*git, *words, folder=root).returncode == 0
    return root


def release(clone, app, version):
    who = {f"GIT_{role}_{part}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    return run(sys.executable, "-m", "release", app, version, folder=clone / "code" / "operations", **who)


def test_a_release_is_a_tag_with_the_apps_name_and_version(clone):
    answer = release(clone, "serve", "1.2.3")
    assert answer.returncode == 0, answer.stderr
    assert run("git", "tag", folder=clone).stdout.split() == ["serve-v1.2.3"]


@pytest.mark.parametrize(
    ("app", "version", "reason"),
    [
        ("", "", "is no app"),
        ("shop", "1.2.3", "is no app"),
        ("serve", "", "is no version"),
        ("serve", "1.2", "is no version"),
        ("serve", "1.2.3; rm -rf", "is no version"),
        ("serve", "9.9.9", "CHANGELOG.md has no heading"),
    ],
)
def test_a_tag_that_would_mislead_is_refused(clone, app, version, reason):
    answer = release(clone, app, version)
    assert answer.returncode == 1
    assert reason in answer.stderr
    assert run("git", "tag", folder=clone).stdout == ""


def test_a_tag_is_refused_while_changes_are_not_committed_and_when_it_exists(clone):
    (clone / "new.txt").touch()
    assert "not committed" in release(clone, "serve", "1.2.3").stderr
    (clone / "new.txt").unlink()
    release(clone, "serve", "1.2.3")
    assert "exists already" in release(clone, "serve", "1.2.3").stderr


def test_clean_forgets_what_was_generated_and_nothing_else(clone):
    (clone / ".local" / "demo" / "sample").mkdir(parents=True)
    (clone / "code" / "operations" / ".mypy_cache").mkdir()
    (clone / "mine.txt").touch()
    answer = run(sys.executable, "-m", "cleaning", folder=clone / "code" / "operations")
    assert answer.returncode == 0, answer.stderr
    assert sorted(path.name for path in clone.iterdir()) == [".git", ".gitignore", "CHANGELOG.md", "code", "mine.txt"]
    assert not (clone / "code" / "operations" / ".mypy_cache").exists()


def test_clean_does_not_rob_a_running_demo(clone):
    folder = clone / ".local" / "demo" / "sample"
    folder.mkdir(parents=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = run(sys.executable, "-m", "cleaning", folder=clone / "code" / "operations")
    assert answer.returncode == 1
    assert "a demo is running" in answer.stderr
    assert folder.exists()


@pytest.mark.parametrize("app", ["train", "serve", "stream"])
def test_arguments_reach_the_command_line_of_an_app_in_the_foreground(app):
    answer = run(sys.executable, "-m", "foreground", app, "check", "--help", folder=OPERATIONS)
    assert answer.returncode == 0, answer.stderr
    assert "check" in answer.stdout


def test_a_variable_that_is_given_wins_over_the_embedded_one():
    answer = run(sys.executable, "-m", "foreground", "serve", "check", folder=OPERATIONS, STORE_URL="gopher://x")
    assert answer.returncode == 2
    assert "STORE_URL" in answer.stderr


def test_the_exit_code_of_an_app_is_the_verbs_own():
    answer = run(sys.executable, "-m", "foreground", "serve", "no-such-command", folder=OPERATIONS)
    assert answer.returncode == 2
    assert "no-such-command" in answer.stderr


def test_help_lists_every_verb_once():
    lines = run("make", "--no-print-directory", "help", folder=ROOT).stdout.splitlines()
    verbs = [line.split()[1] for line in lines]
    assert len(verbs) == len(set(verbs)) >= 14
