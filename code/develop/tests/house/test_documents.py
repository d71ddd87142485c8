"""Pages that are read off the code are fresh, and what people rely on in the documents is true."""

import re
import subprocess

import pytest
from yaml import safe_load_all

from deploy.pipelines.tags import heading_of, parse_tag
from develop.documentation.__main__ import list_stale, render_documents
from develop.documentation.manifest import list_unexplained
from develop.documentation.variables import ask_apps, merge_variables
from develop.fixtures.tracked import APPS, ROOT, list_tracked, read

DESCRIBED = ask_apps()
VARIABLES = merge_variables(DESCRIBED)
DOCUMENTS = render_documents()
PROMISED = {"demo", *APPS, "test", "bench", "soak", "check-release", "lint", "release", "docs", "clean", "help"}
BAKED = {"APP_VERSION", "APP_COMMIT"}  # set when an image is built, so no manifest gives them


@pytest.mark.parametrize("name", DOCUMENTS)
def test_generated_pages_are_fresh(name):
    assert DOCUMENTS[name] == read(name), "stale: run make docs"


def test_the_readme_is_read_in_one_sitting():
    lines = read("README.md").splitlines()
    assert len(lines) <= 150
    assert "make demo" in "\n".join(lines[:15]), "the first command stands on the first screen"


def test_every_variable_is_in_its_page():
    page = read("docs/reference/environment.md")
    assert [variable.name for variable in VARIABLES if f"| `{variable.name}`" not in page] == []


def test_every_field_of_a_release_is_explained():
    assert list_unexplained(DESCRIBED["serve"]["manifest"]) == []


def test_every_metric_and_alert_is_in_its_page():
    page = read("docs/reference/metrics.md")
    assert [metric["name"] for app in APPS for metric in DESCRIBED[app]["metrics"] if metric["name"] not in page] == []
    alerts = re.findall(r"- alert: (\w+)", read("code/deploy/prometheus/alerts.yml"))
    assert alerts
    assert [alert for alert in alerts if f"### {alert}\n" not in page] == []


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
    assert verbs >= PROMISED
    verbs |= {f"{verb}-{app}" for verb in ("bench", "soak") for app in APPS} - {"soak-train"}
    for document in list_tracked("*.md"):
        pattern = re.compile(r"(?:^\s*|&& |sudo |[A-Z_]+=\S+ )make ([a-z][a-z-]*)", re.MULTILINE)
        found = {verb for code in list_code(read(document)) for verb in pattern.findall(code)}
        assert found <= verbs, document


def list_code(markdown):
    """Return what a document shows as code: its fenced blocks, and its spans outside them."""
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", markdown, re.DOTALL | re.MULTILINE)
    rest = re.sub(r"^ *```.*?^ *```", "", markdown, flags=re.DOTALL | re.MULTILINE)
    return [*blocks, *re.findall(r"`([^`\n]+)`", rest)]


def test_every_place_that_a_document_names_exists():
    """The notes on upgrading and the changelog name places of before, too."""
    for document in list_tracked("*.md"):
        if document not in {"docs/upgrading.md", "CHANGELOG.md"}:
            spans = [
                span for code in list_code(read(document)) for span in re.findall(r"(?<![\w./])code/[\w./<>-]+", code)
            ]
            places = [place for span in spans for place in ([span.replace("<app>", app) for app in APPS])]
            missing = [place for place in places if "<" not in place and not (ROOT / place.rstrip(".")).exists()]
            assert missing == [], document


def test_every_command_of_an_app_in_the_documents_exists():
    commands = set(re.findall(r"^### (\w+ [a-z-]+)$", read("docs/reference/command-lines.md"), re.MULTILINE))
    assert len(commands) > 10
    for document in list_tracked("*.md"):
        shown = "\n".join(list_code(read(document)))
        found = re.findall(rf'make ({"|".join(APPS)}) ARGS="?([a-z][a-z-]*)', shown)
        assert {" ".join(pair) for pair in found} <= commands, document


def test_every_variable_that_a_guide_sets_is_read_or_used():
    known = {variable.name for variable in VARIABLES} | set(
        re.findall(r"^# ([A-Z_]+)=", read(".env.example"), re.MULTILINE)
    )
    for guide in ["README.md", "docs/tutorial.md", *list_tracked("docs/how-to/*.md")]:
        shown = "\n".join(list_code(read(guide)))
        given = set(re.findall(r"(?<![\w?&-])([A-Z][A-Z_]+)=", shown)) - {
            "ARGS",
            "APP",
            "VERSION",
            "ONCE",
            "SOURCE",
            "PATH",
        }
        used = set(re.findall(r"\$\{?([A-Z_]+)", shown))
        assert given <= known | used, guide


def test_every_name_of_the_code_that_a_guide_mentions_is_in_the_code():
    code = "\n".join(
        read(path) for path in list_tracked("code/*") if path.endswith((".py", ".yml", ".yaml", ".json", ".js"))
    )
    words = set(re.findall(r"\w+", code + read("Makefile") + read(".gitlab-ci.yml")))
    for guide in [*list_tracked("docs/how-to/*.md"), *list_tracked("docs/explanation/*.md"), "docs/tutorial.md"]:
        spans = {span for code in list_code(read(guide)) for span in re.findall(r"^[\w.]+$", code)}
        names = {
            name
            for span in spans
            for name in span.split(".")
            if re.search(r"[a-z]_[a-z]|[a-z][A-Z]|^[A-Z]+_[A-Z_]+$", name)
        }
        assert names <= words, guide


def test_no_file_cites_a_document_that_is_not_here():
    known = {path.rpartition("/")[2] for path in list_tracked("*.md")}
    for path in list_tracked():
        if path.endswith((".py", ".md", ".yml", ".yaml", ".toml", ".sh", "Makefile", "Dockerfile")):
            text = read(path)
            cited = re.findall(r"(?<![\w.*/])([A-Z][\w-]*\.md|docs/[\w./-]+\.md)\b", text)
            assert {name.rpartition("/")[2] for name in cited} <= known, path
            assert not re.search(r"\bDESIGN\b(?! =)", text) or path.endswith("test_documents.py"), path


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


def test_a_page_that_is_not_what_the_code_says_is_called_stale():
    assert list_stale(DOCUMENTS) == []
    assert list_stale({"README.md": "another text", "docs/gone": "text"}) == ["README.md", "docs/gone"]
