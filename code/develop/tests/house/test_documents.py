"""The README's tree and tables and .env.example are read off the code; what people rely on in them is true."""

import re
import subprocess
import sys

import pytest
from deploy.pipelines.tags import heading_of, parse_tag
from develop.documentation.__main__ import render_documents
from develop.documentation.tree import render_tree
from develop.documentation.variables import read_variables
from develop.fixtures.tracked import APPS, ROOT, list_tracked, read
from yaml import safe_load_all

VARIABLES = read_variables()
BAKED = {"APP_VERSION", "APP_COMMIT"}  # set when an image is built, so no manifest gives them


@pytest.mark.parametrize("name", ["README.md", ".env.example"])
def test_generated_parts_are_fresh(name):
    assert render_documents()[name] == read(name), "stale: run make docs"


def test_every_file_of_the_apps_has_a_role():
    for part in ("shared", *APPS, "deploy", "develop"):
        lines = render_tree(f"code/{part}").splitlines()
        assert lines
        assert all(len(line.split(maxsplit=1)) == 2 for line in lines)


@pytest.mark.parametrize("app", APPS)
def test_every_setting_is_in_the_apps_manifest(app):
    manifest = read(f"code/{app}/build/manifest_app.yaml")
    missing = [v.name for v in VARIABLES if app in v.apps and v.name not in BAKED and v.name not in manifest]
    assert missing == []


@pytest.mark.parametrize("app", APPS)
def test_a_manifest_carries_no_secret(app):
    secret = {variable.name for variable in VARIABLES if variable.secret}
    for document in safe_load_all(read(f"code/{app}/build/manifest_app.yaml")):
        if document["kind"] == "ConfigMap":
            assert not secret & set(document["data"])
        assert document["kind"] != "Secret", "secrets are made by whoever deploys, never committed"


def test_the_example_environment_can_be_loaded_by_a_shell():
    script = "set -eu; set -a; . ./.env.example; env"
    loaded = subprocess.run(["sh", "-c", script], cwd=ROOT, env={}, capture_output=True, text=True, check=True).stdout
    required = {variable.name for variable in VARIABLES if variable.required}
    assert required <= {line.partition("=")[0] for line in loaded.splitlines()}
    for line in read(".env.example").splitlines():
        assert not line or re.match(r"#|[A-Z_]+=", line)


def test_secrets_have_no_value_in_the_example():
    text = read(".env.example")
    for variable in VARIABLES:
        if variable.secret:
            assert re.search(rf"^# {variable.name}=$", text, re.MULTILINE), variable.name


def test_every_required_variable_shows_an_example():
    assert [variable.name for variable in VARIABLES if variable.required and not variable.example] == []


def test_every_variable_says_what_it_is():
    assert [variable.name for variable in VARIABLES if len(variable.description) < 10] == []


def test_links_and_pictures_in_the_documents_lead_somewhere():
    for document in list_tracked("*.md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", read(document)):
            assert ((ROOT / document).parent / target).exists(), f"{document}: {target}"


def test_every_make_verb_in_the_documents_exists():
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    verbs = set(re.findall(r"^  make (\S+)", shown, re.MULTILINE))
    promised = {
        "demo",
        "train",
        "serve",
        "stream",
        "test",
        "bench",
        "soak",
        "check-release",
        "lint",
        "release",
        "clean",
        "help",
    }
    assert promised <= verbs
    for document in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        assert set(re.findall(r"`(?:\w+=\S+ )*make ([a-z-]+)", read(document))) <= verbs, document


def test_the_changelog_keeps_its_form():
    headings = re.findall(r"^## (.+)$", read("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert all(
        re.fullmatch(r"\[((train|serve|stream) )?\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", line) for line in headings[1:]
    )
    kinds = set(re.findall(r"^### (.+)$", read("CHANGELOG.md"), re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_every_tag_of_a_release_has_its_heading():
    tags = subprocess.run(["git", "-C", str(ROOT), "tag"], capture_output=True, text=True, check=True).stdout.split()
    changelog = read("CHANGELOG.md")
    for tag in tags:
        if re.fullmatch(rf"(({'|'.join(APPS)})-)?v\d+\.\d+\.\d+", tag):
            assert f"## [{heading_of(parse_tag(tag))}] - " in changelog, tag


def test_documents_check_says_when_something_is_stale(tmp_path):
    words = [sys.executable, "-m", "develop.documentation", "--check"]
    assert subprocess.run(words, cwd=ROOT / "code", check=False).returncode == 0
