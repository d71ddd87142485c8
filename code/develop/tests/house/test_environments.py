"""serve and stream start in environments that hold no TensorFlow; every app refuses a missing variable in one line."""

import gzip
import os
import subprocess
from pathlib import Path

import pytest

from develop.embedded import embed_settings
from develop.fixtures.tracked import APPS, ROOT
from develop.places import python_of

LIST_PACKAGES = "import importlib.metadata as m; print(*sorted(d.metadata['Name'].lower() for d in m.distributions()))"


def give_settings(app, folder):
    """The embedded values, and for stream a replay that exists."""
    if app == "stream":
        replay = folder / "sample" / "replay.csv.gz"
        replay.parent.mkdir()
        replay.write_bytes(gzip.compress(b'"4","1","Sun Nov 01 00:00:00 UTC 2026","","ada","fine"\n'))
    return embed_settings(app, folder, {})


def run_app(app, *words, environment):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [python_of(app), "main.py", *words], cwd=ROOT / "code" / app / "app", env=kept | environment,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("app", ["serve", "stream"])
def test_what_train_alone_needs_is_not_installed(app):
    words = [python_of(app), "-c", LIST_PACKAGES]
    installed = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert "sentiment" in installed
    assert not [name for name in installed if name.startswith(("tensorflow", "keras", "gensim", "torch"))]


def test_the_experiments_see_trains_packages_and_hold_no_second_copy():
    script = "import gensim, importlib.util as u, sentiment; print(gensim.__file__, u.find_spec('optuna').origin)"
    words = [python_of("experiments"), "-c", script]
    gensim, optuna = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert python_of("train").parents[1] in Path(gensim).parents
    assert python_of("experiments").parents[1] in Path(optuna).parents
    own = subprocess.run(
        [words[0], "-m", "pip", "list", "--local", "--format", "freeze"], capture_output=True, text=True, check=True
    )
    assert not [line for line in own.stdout.splitlines() if line.startswith(("tensorflow", "numpy", "scipy"))]


@pytest.mark.parametrize("app", APPS)
def test_an_app_says_what_it_can_do(app):
    answer = run_app(app, "--help", environment={})
    assert answer.returncode == 0
    assert "check" in answer.stdout


@pytest.mark.parametrize("app", APPS)
def test_check_tries_every_address_that_was_given(app, tmp_path):
    settings = give_settings(app, tmp_path)
    answer = run_app(app, "check", environment=settings)
    assert answer.returncode in (0, 1), answer.stderr
    assert "Traceback" not in answer.stderr
    for name in settings:
        if name.endswith("_URL"):
            assert name in answer.stdout, answer.stdout


@pytest.mark.parametrize(
    ("app", "name"), [(app, name) for app in APPS for name in embed_settings(app, ROOT, {}) if name.endswith("_URL")]
)
def test_a_missing_variable_stops_the_start_with_one_line_that_names_it(app, name, tmp_path):
    settings = give_settings(app, tmp_path)
    del settings[name]
    answer = run_app(app, environment=settings)
    assert answer.returncode == 2
    assert len(answer.stderr.strip().splitlines()) == 1
    assert f"{name} is missing" in answer.stderr
    assert f"e.g. {name}=" in answer.stderr


@pytest.mark.parametrize(
    ("app", "name"), [(app, name) for app in APPS for name in embed_settings(app, ROOT, {}) if name.endswith("_URL")]
)
def test_an_unknown_scheme_stops_the_start_with_one_line_that_names_the_variable(app, name, tmp_path):
    settings = give_settings(app, tmp_path) | {name: "gopher://example.org/x"}
    answer = run_app(app, environment=settings)
    assert answer.returncode == 2
    assert len(answer.stderr.strip().splitlines()) == 1
    assert name in answer.stderr


@pytest.mark.parametrize(("app", "token"), [("train", "TRAIN_TOKEN"), ("stream", "STREAM_TOKEN")])
def test_an_app_that_lets_the_network_in_wants_a_token(app, token, tmp_path):
    answer = run_app(app, environment=give_settings(app, tmp_path) | {"HOST": "0.0.0.0"})
    assert answer.returncode == 2
    assert token in answer.stderr
