"""The Hugging Face Space: what is assembled can be built and read, and is published as promised."""

import json
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from yaml import safe_load

from deploy.space.assemble import NoReleaseError, assemble
from deploy.space.publish import PublishError, publish
from develop.fixtures.tracked import ROOT, read
from develop.places import CODE, python_of

MAKE = "import sys; from develop.fixtures.tiny_release import publish_tiny_release; from sentiment.release.promotion import promote_release; from sentiment.store import open_store; store = open_store(sys.argv[1]); publish_tiny_release(store, 'v1'); publish_tiny_release(store, 'v2'); promote_release(store, 'v1', 'x'); promote_release(store, 'v2', 'x')"  # fmt: skip
REVISION = {"APP_VERSION": "1.2.3", "APP_COMMIT": "abcdef123456"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    environment = {"PYTHONPATH": str(CODE), "PATH": "/usr/bin:/bin"}
    subprocess.run([python_of("serve"), "-c", MAKE, folder.as_uri()], env=environment, check=True)
    return folder


@pytest.fixture
def space(store, tmp_path):
    assemble(tmp_path / "space", store, REVISION)
    return tmp_path / "space"


def test_the_front_matter_is_what_hugging_face_reads(space):
    _, front, body = (space / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    matter = safe_load(front)
    assert (matter["sdk"], matter["license"]) == ("docker", "mit")
    assert len(matter["short_description"]) <= 60
    assert re.search(rf"PORT={matter['app_port']}\b", (space / "Dockerfile").read_text())
    assert f"EXPOSE {matter['app_port']}" in (space / "Dockerfile").read_text()
    assert "synthetic" in body, "whoever tries it knows what it learnt from"


def test_whatever_the_dockerfile_copies_is_there(space):
    text = (space / "Dockerfile").read_text().replace("\\\n", " ")
    copied = [word for line in re.findall(r"(?m)^COPY (?!--from)(.+)$", text) for word in line.split()[:-1]]
    assert {"store", "serve/app", "shared/sentiment"} <= set(copied)
    assert [path for path in copied if not (space / path).exists()] == []
    assert text.startswith(read("code/serve/Dockerfile")[:100])
    assert re.findall(r"(?m)^USER (.+)$", text)[-1] == "1000:1000"


def test_it_knows_its_version(space):
    text = (space / "Dockerfile").read_text()
    assert "ARG APP_VERSION=1.2.3\n" in text
    assert "ARG APP_COMMIT=abcdef123456\n" in text


def test_it_holds_the_current_release_and_no_other(space, store):
    current = json.loads((space / "store" / "models" / "current.json").read_text())
    assert current["version"] == "v2"
    assert sorted(path.name for path in (space / "store" / "models").iterdir()) == ["current.json", "v2"]
    for path in (store / "models" / "v2").iterdir():
        assert (space / "store" / "models" / "v2" / path.name).read_bytes() == path.read_bytes()


def test_another_user_can_read_all_of_it(space):
    for path in space.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path


def test_nothing_generated_goes_with_it(space):
    assert not [path for path in space.rglob("*") if path.name.startswith(".") or path.name == "__pycache__"]


def test_a_store_without_a_release_is_refused(tmp_path):
    with pytest.raises(NoReleaseError, match="has no current release"):
        assemble(tmp_path / "space", tmp_path, {})


class Hub:
    """What ``publish`` asks of ``huggingface_hub.HfApi``; the Space goes through ``stages``."""

    def __init__(self, *stages):
        self.stages, self.calls = list(stages), []

    def create_repo(self, name, **options):
        self.calls.append(("create", name, options))

    def upload_folder(self, **options):
        self.calls.append(("upload", options))
        return SimpleNamespace(oid="new")

    def get_space_runtime(self, name):
        stage, _, commit = self.stages.pop(0).partition(" ")
        return SimpleNamespace(stage=stage, raw={"stage": stage, "sha": commit or "new"})


def test_it_is_uploaded_whole_and_waited_for(space):
    hub = Hub("RUNNING old", "RUNNING_BUILDING old", "APP_STARTING", "RUNNING new")
    assert publish(space, {"HF_SPACE": "acme/sentiment"}, hub, sleep=lambda _: None) == "acme/sentiment"
    (_, name, made), (_, uploaded) = hub.calls
    assert (name, made) == ("acme/sentiment", {"repo_type": "space", "space_sdk": "docker", "exist_ok": True})
    assert (uploaded["folder_path"], uploaded["delete_patterns"]) == (str(space), "*")
    assert hub.stages == [], "an older image that still runs is not taken for the new one"


def test_a_build_that_fails_fails_the_job(space):
    with pytest.raises(PublishError, match="BUILD_ERROR"):
        publish(space, {"HF_SPACE": "acme/sentiment"}, Hub("BUILDING", "BUILD_ERROR"), sleep=lambda _: None)


def test_a_space_that_never_runs_is_given_up(space):
    with pytest.raises(PublishError, match="does not run after"):
        publish(space, {"HF_SPACE": "acme/sentiment"}, Hub(*["BUILDING"] * 500), sleep=lambda _: None)


@pytest.mark.parametrize("name", ["", "sentiment", "a/b/c"])
def test_a_space_needs_an_owner_and_a_name(space, name):
    with pytest.raises(PublishError, match="HF_SPACE"):
        publish(space, {"HF_SPACE": name}, Hub(), sleep=lambda _: None)


def test_a_folder_that_was_not_assembled_is_refused(tmp_path):
    with pytest.raises(PublishError, match="no assembled Space"):
        publish(tmp_path, {"HF_SPACE": "acme/sentiment"}, Hub(), sleep=lambda _: None)


def test_without_the_token_the_job_says_so_in_one_line(space):
    words = [sys.executable, "-m", "deploy.space.publish", str(space)]
    answer = subprocess.run(
        words, cwd=ROOT / "code", env={"PATH": "/usr/bin"}, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith("HF_TOKEN is missing")
    assert answer.stderr.count("\n") == 1
