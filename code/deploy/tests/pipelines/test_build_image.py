"""The image job: bases by digest, version and commit baked in, two names pushed, and the digest handed on.

Here buildah is a script that notes what it is told; `make check-release` runs the real one.
"""

import json
import os
import re
import subprocess
import sys

import pytest

from deploy.pipelines.build_image import BASES
from deploy.pipelines.images import PLACEHOLDER
from develop.places import APPS, CODE

DIGEST = "sha256:" + "0f" * 32
PUSHED = "sha256:" + "ab" * 32
BUILDAH = f"""#!{sys.executable}
import json, sys
from pathlib import Path
words = sys.argv[1:]
with (Path(__file__).parent / "calls").open("a") as calls:
    calls.write(json.dumps([words, sys.stdin.read() if "--password-stdin" in words else ""]) + "\\n")
if words[0] == "images":
    print("{DIGEST}")
for word in words:
    if word.startswith("--digestfile="):
        Path(word.partition("=")[2]).write_text("{PUSHED}\\n")
sys.exit(3 if words[0] == (Path(__file__).parent / "fails").read_text() else 0)
"""


@pytest.fixture
def run(tmp_path):
    """A function that runs the job of an app and returns it with buildah's calls."""
    (tmp_path / "buildah").write_text(BUILDAH)
    (tmp_path / "buildah").chmod(0o755)

    def start(app, fails="", **more):
        (tmp_path / "fails").write_text(fails)
        given = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(CODE), "CI_COMMIT_TAG": f"{app}-v1.2.3",
            "CI_COMMIT_SHA": "c0ffee", "CI_REGISTRY_IMAGE": "registry.example.org/acme", "CI_PROJECT_DIR": str(tmp_path), **more,
        }  # fmt: skip
        words = [sys.executable, "-m", "deploy.pipelines.build_image", app]
        job = subprocess.run(words, env=given, cwd=tmp_path, capture_output=True, text=True, check=False)
        calls = (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []
        return job, [json.loads(line) for line in calls]

    return start


def words_of(calls, verb):
    return [words for words, _ in calls if words[0] == verb]


@pytest.mark.parametrize("app", APPS)
def test_an_image_is_built_on_digests_and_pushed_by_version_and_commit(run, tmp_path, app):
    job, calls = run(app)
    assert job.returncode == 0, job.stderr
    (build,) = words_of(calls, "build")
    arguments = dict(
        word.removeprefix("--build-arg=").split("=", 1) for word in build if word.startswith("--build-arg=")
    )
    assert arguments["APP_VERSION"] == "1.2.3"
    assert arguments["APP_COMMIT"] == "c0ffee"
    wanted = {name for name in BASES if f"\nARG {name}=" in (CODE / app / "Dockerfile").read_text()}
    assert set(arguments) == {"APP_VERSION", "APP_COMMIT", *wanted}
    assert all(re.fullmatch(r"docker\.io/library/python@sha256:[0-9a-f]{64}", arguments[name]) for name in wanted)
    assert f"--label=org.opencontainers.image.base.digest={DIGEST}" in build
    assert "--format=docker" in build, "OCI has no place for HEALTHCHECK"
    names = [f"registry.example.org/acme/{app}:{tag}" for tag in ("1.2.3", "c0ffee")]
    assert [words[-1] for words in words_of(calls, "push")] == [f"docker://{name}" for name in names]
    assert (tmp_path / "image.env").read_text() == f"{app.upper()}_IMAGE=registry.example.org/acme/{app}@{PUSHED}\n"


def test_a_base_that_is_given_by_digest_stays_as_it_is(run):
    base = f"registry.example.org/python@{PUSHED}"
    job, calls = run("stream", BASE=base)
    assert job.returncode == 0
    assert words_of(calls, "pull") == []
    assert f"--build-arg=BASE={base}" in words_of(calls, "build")[0]


def test_a_password_goes_to_the_registry_by_standard_input_alone(run):
    login = {"CI_REGISTRY": "registry.example.org", "CI_REGISTRY_USER": "ci", "CI_REGISTRY_PASSWORD": "hunter2"}
    job, calls = run("serve", **login)
    assert calls[0] == [["login", "--username=ci", "--password-stdin", "registry.example.org"], "hunter2"]
    assert "hunter2" not in job.stdout + job.stderr + json.dumps([words for words, _ in calls])


@pytest.mark.parametrize("verb", ["pull", "build", "push"])
def test_a_step_that_fails_ends_the_job_and_hands_nothing_on(run, tmp_path, verb):
    job, _ = run("serve", fails=verb)
    assert job.returncode == 1
    assert job.stderr.endswith(f"buildah {verb} ended with 3\n")
    assert not (tmp_path / "image.env").exists()


@pytest.mark.parametrize("app", APPS)
def test_what_an_image_may_contain_is_in_the_context_and_nothing_else(app):
    """A Dockerfile copies what .dockerignore lets through, and the app runs as nobody in particular."""
    text = (CODE / app / "Dockerfile").read_text()
    copied = [path for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE) for path in line.split()]
    allowed = [line[1:] for line in (CODE / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert allowed == ["shared/sentiment", "*/app", "*/build/requirements*.txt"]
    assert all(
        re.fullmatch(rf"shared/sentiment|{app}/app|{app}/build/requirements(-build|-native)?\.txt", path)
        for path in copied
    )
    assert "--require-hashes" in text
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    assert text.count("\nFROM ") == 2
    assert text.index("ARG APP_COMMIT") < text.index("RUN useradd"), "a cached layer would show an older commit"
    assert not re.search(r":latest|apt-get|curl |ADD http", text)


@pytest.mark.parametrize("app", APPS)
def test_an_app_s_manifest_names_the_image_that_the_jobs_replace(app):
    assert PLACEHOLDER.format(app=app) in (CODE / app / "build" / "manifest_app.yaml").read_text()
