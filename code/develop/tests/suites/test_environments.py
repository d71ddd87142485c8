"""Environments are made once, made again when their pins change or an install was cut short, and alone."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

DEVELOP = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path):
    """A clone in miniature, its path with a space, whose tools need no package and so no network."""
    root = tmp_path / "a clone"
    target = root / "code" / "develop"
    (target / "tools").mkdir(parents=True)
    for name in ("environments.py", "places.py"):
        shutil.copy(DEVELOP / name, target)
    (target / "tools" / "requirements.txt").write_text("# nothing\n")
    return root


def start_making(clone):
    words = [sys.executable, "-m", "develop.environments", "tools"]
    folder = clone / "code" / "develop"
    return subprocess.Popen(words, cwd=folder.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def make(clone):
    process = start_making(clone)
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def interpreter(clone):
    return clone / ".local" / "venvs" / "tools" / "bin" / "python"


def test_a_finished_environment_is_not_touched_again(clone):
    assert make(clone)[0] == 0
    made = interpreter(clone).lstat().st_mtime_ns
    assert make(clone) == (0, "")
    assert interpreter(clone).lstat().st_mtime_ns == made


def test_changed_pins_make_it_anew(clone):
    make(clone)
    stray = clone / ".local" / "venvs" / "tools" / "stray"
    stray.touch()
    (clone / "code" / "develop" / "tools" / "requirements.txt").write_text("# nothing else\n")
    code, output = make(clone)
    assert code == 0
    assert "ready" in output
    assert not stray.exists()


def test_an_install_that_was_cut_short_is_started_over(clone):
    process = start_making(clone)
    deadline = time.monotonic() + 60
    while not interpreter(clone).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert not list((clone / ".local" / "venvs" / "tools").glob(".finished")), (
        "the kill came too late to prove anything"
    )
    assert make(clone)[0] == 0
    assert (
        subprocess.run([interpreter(clone), "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    )


def test_two_at_the_same_time_make_one_environment(clone):
    processes = [start_making(clone), start_making(clone)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sum("ready" in output for output in outputs) == 1


def test_a_failed_install_says_where_to_look_and_leaves_no_stamp(clone):
    pins = clone / "code" / "develop" / "tools" / "requirements.txt"
    pins.write_text("./there-is-no-such-package\n")
    code, output = make(clone)
    assert code == 1
    assert "environment-tools.log ends with" in output
    assert "Traceback" not in output
    pins.write_text("# nothing\n")
    assert make(clone)[0] == 0


def install_missing(clone, *, optional):
    make(clone)
    script = (
        "from pathlib import Path\n"
        "from develop.environments import Step, _install\n"
        f"step = Step(('--no-index', 'no-such-package'), Path('native.txt'), optional={optional})\n"
        "_install('tools', step, Path('environment.log'))\n"
        "print('went on')\n"
    )
    words = [sys.executable, "-c", script]
    return subprocess.run(words, cwd=clone / "code", capture_output=True, text=True, check=False)


def test_what_only_makes_an_app_quicker_may_be_missing(clone):
    done = install_missing(clone, optional=True)
    assert done.returncode == 0
    assert "without native.txt, so slower; environment.log says why" in done.stdout
    assert "went on" in done.stdout
    assert "no-such-package" in (clone / "code" / "environment.log").read_text()


def test_what_an_app_needs_may_not_be_missing(clone):
    done = install_missing(clone, optional=False)
    assert done.returncode == 1
    assert "installing tools failed" in done.stderr
    assert "went on" not in done.stdout
