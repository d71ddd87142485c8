"""docs/ becomes a site with no unknown link that asks no other host, and the walk in it can be walked."""

import json
import os
import re
from types import SimpleNamespace

import pytest

from develop.documentation.hooks import on_page_markdown
from develop.documentation.site import SiteFailedError, build_site, find_outside_requests
from develop.fixtures.tracked import APPS, ROOT, list_tracked, read

WALK = "docs/explanation/walk.md"
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


def read_sentence(app):
    """Return the steps that an app's main.py names, in order: ``a → b → c``, each by its first word."""
    sentence = re.search(r": ([^:\n]*→[^\n]*)", read(f"code/{app}/app/main.py"))[1]
    return [re.search(r"\w+", part)[0] for part in sentence.split("→")]


def read_walk():
    """Return for each app its steps in the order of the page, each with the files it names."""
    walk = {}
    for title, chapter in re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", read(WALK), re.DOTALL | re.MULTILINE):
        app = title.rpartition(" ")[2]
        sections = re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", chapter, re.DOTALL | re.MULTILINE)
        walk[app] = {step: re.findall(r"`((?:libs|sentiment)/[\w/.]+)`", text) for step, text in sections}
    return walk


def test_the_site_is_built_without_network_and_without_an_unknown_link(tmp_path, monkeypatch):
    for name, value in NO_NETWORK.items():
        monkeypatch.setitem(os.environ, name, value)
    first = build_site(tmp_path / "site")
    assert "<title>Sentiment</title>" in first.read_text(encoding="utf-8")
    assert (tmp_path / "site" / "images" / "live.png").is_file(), "pictures beside docs/ are part of the site"


@pytest.mark.parametrize("link", ["nowhere.md", "index.md#nowhere", "/nowhere.html"])
def test_a_site_with_an_unknown_link_is_refused(tmp_path, link):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"[text]({link})\n", encoding="utf-8")
    changes = {"INHERIT": f"{ROOT}/mkdocs.yml", "docs_dir": "docs", "nav": ["index.md"], "hooks": [], "extra_css": []}
    (tmp_path / "mkdocs.yml").write_text(json.dumps(changes), encoding="utf-8")
    with pytest.raises(SiteFailedError, match="nowhere"):
        build_site(tmp_path / "site", tmp_path / "mkdocs.yml")


@pytest.mark.parametrize(
    "markup",
    [
        '<script src="https://cdn.example.com/a.js"></script>',
        "<img alt=x src=//cdn.example.com/a.png>",
        '<link rel="stylesheet" href="https://fonts.example.com/css">',
        "<style>@font-face { src: url(https://fonts.example.com/a.woff2) }</style>",
    ],
)
def test_what_a_browser_would_fetch_from_elsewhere_is_found(tmp_path, markup):
    (tmp_path / "page.html").write_text(f'<a href="https://example.com">a link</a>{markup}', encoding="utf-8")
    assert len(list(find_outside_requests(tmp_path))) == 1


def test_a_link_that_a_reader_may_follow_is_no_request(tmp_path):
    (tmp_path / "page.html").write_text('<a href="https://example.com">x</a><link rel="canonical" href="https://x.y">')
    assert list(find_outside_requests(tmp_path)) == []


def turn_links(markdown, monkeypatch, project=None):
    monkeypatch.delenv("CI_PROJECT_URL", raising=False)
    if project:
        monkeypatch.setenv("CI_PROJECT_URL", project)
        monkeypatch.setenv("CI_COMMIT_SHA", "abc")
    page = SimpleNamespace(file=SimpleNamespace(src_uri="how-to/aws.md"))
    return on_page_markdown(markdown, page)


def test_links_and_pictures_beside_docs_are_turned(monkeypatch):
    text = "[own](roll-back.md#the-model) ![x](../../images/live.png) [law](../../LICENSE) [out](https://example.com)"
    kept = "[own](roll-back.md#the-model) ![x](../images/live.png)"
    assert turn_links(text, monkeypatch) == f"{kept} law [out](https://example.com)"
    turned = turn_links(text, monkeypatch, "https://gitlab.example.com/a/b")
    assert turned == f"{kept} [law](https://gitlab.example.com/a/b/-/blob/abc/LICENSE) [out](https://example.com)"


def test_every_page_can_be_reached():
    pages = {path.removeprefix("docs/") for path in list_tracked("docs/*.md")}
    assert pages == set(re.findall(r"[\w/.-]+\.md", read("mkdocs.yml").partition("\nnav:")[2]))


@pytest.mark.parametrize("app", APPS)
def test_the_walk_goes_in_the_order_of_the_apps_sentence(app):
    assert list(read_walk()[app]) == read_sentence(app)


@pytest.mark.parametrize("app", APPS)
def test_the_walk_names_files_that_exist_at_every_step(app):
    roots = {"libs": ROOT / "code" / app / "app", "sentiment": ROOT / "code" / "shared"}
    for step, files in read_walk()[app].items():
        assert files, f"{app}, {step}: no file is named"
        assert [file for file in files if not (roots[file.partition("/")[0]] / file).is_file()] == [], f"{app}, {step}"


def test_decisions_are_numbered_without_a_gap():
    numbers = [int(path.rpartition("/")[2][:4]) for path in list_tracked("docs/decisions/0*.md")]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
