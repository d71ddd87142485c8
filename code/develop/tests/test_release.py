"""`make release` gives the changelog its heading and tags that commit, or changes nothing and says why."""

import pytest

from develop.changelog import NothingNewError, release_entries
from develop.fixtures.repositories import clone_of, commit, git, make_origin
from develop.places import APPS
from develop.release import ReleaseRefusedError, release

CHANGELOG = """# Changelog

## [Unreleased]

### Added

- **serve** answers in Esperanto,
  and says so.
- **train** learns it.

### Fixed

- **serve** no longer hums.
- **shared**: one alphabet.

## [serve 0.9.0] - 2026-01-02

### Added

- **serve** exists.
"""
RELEASED = """# Changelog

## [Unreleased]

### Added

- **train** learns it.

### Fixed

- **shared**: one alphabet.

## [serve 1.2.3] - 2026-11-21

### Added

- **serve** answers in Esperanto,
  and says so.

### Fixed

- **serve** no longer hums.

## [serve 0.9.0] - 2026-01-02

### Added

- **serve** exists.
"""


@pytest.fixture(autouse=True)
def _as_somebody(monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.org")


@pytest.fixture
def clone(tmp_path):
    return clone_of(make_origin(tmp_path, CHANGELOG), tmp_path / "a clone")


def test_the_entries_of_one_app_move_under_its_heading_and_the_others_wait():
    assert release_entries(CHANGELOG, ["serve"], "serve 1.2.3", "2026-11-21") == RELEASED


def test_a_release_of_all_three_takes_every_entry():
    text = release_entries(CHANGELOG, APPS, "1.2.3", "2026-11-21")
    waiting, _, released = text.partition("## [1.2.3] - 2026-11-21\n")
    assert "- **" not in waiting
    assert all(word in released for word in ("Esperanto", "learns it", "hums", "alphabet", "exists"))
    assert sorted(released.split()) == sorted((CHANGELOG.partition("## [Unreleased]\n")[2]).split())


def test_a_heading_that_somebody_wrote_already_stays():
    assert release_entries(RELEASED, ["serve"], "serve 1.2.3", "2030-01-01") == RELEASED


@pytest.mark.parametrize("text", [CHANGELOG, "# Changelog\n", "## [Unreleased]\n"])
def test_nothing_new_is_no_release(text):
    with pytest.raises(NothingNewError):
        release_entries(text, ["stream"], "stream 1.0.0", "2026-11-21")


def test_a_release_is_a_commit_of_the_changelog_and_a_tag_on_it(clone):
    assert release(clone, "serve", "1.2.3") == "serve-v1.2.3"
    assert git(clone, "tag", "--points-at", "HEAD") == "serve-v1.2.3"
    assert git(clone, "cat-file", "-t", "serve-v1.2.3") == "tag", "annotated: git describe counts from it"
    assert git(clone, "show", "--format=%s", "--name-only", "HEAD").split("\n") == [
        "release serve 1.2.3",
        "",
        "CHANGELOG.md",
    ]
    assert "## [serve 1.2.3] - 20" in (clone / "CHANGELOG.md").read_text()


def test_all_three_are_released_by_one_tag(clone):
    assert release(clone, "all", "1.2.3") == "v1.2.3"
    with pytest.raises(ReleaseRefusedError, match=r"serve is at 1\.2\.3 already"):
        release(clone, "serve", "1.2.3")


@pytest.mark.parametrize(
    ("app", "version", "reason"),
    [
        ("", "", "is no app"),
        ("shop", "1.2.3", "is no app"),
        ("serve", "", "is no version"),
        ("serve", "1.2", "is no version"),
        ("serve", "01.2.3", "is no version"),
        ("serve", "1.2.3; rm -rf", "is no version"),
        ("stream", "9.9.9", "nothing under Unreleased"),
    ],
)
def test_a_tag_that_would_mislead_is_refused_and_nothing_has_changed(clone, app, version, reason):
    head = git(clone, "rev-parse", "HEAD")
    with pytest.raises(ReleaseRefusedError, match=reason):
        release(clone, app, version)
    assert git(clone, "tag") == ""
    assert git(clone, "rev-parse", "HEAD") == head
    assert git(clone, "status", "--porcelain") == ""


def test_what_is_not_committed_cannot_be_released(clone):
    (clone / "new.txt").touch()
    with pytest.raises(ReleaseRefusedError, match="not committed"):
        release(clone, "serve", "1.2.3")


def test_a_branch_cannot_be_released(clone):
    git(clone, "switch", "--quiet", "--create", "feature")
    with pytest.raises(ReleaseRefusedError, match="this is feature: releases come from main"):
        release(clone, "serve", "1.2.3")


@pytest.mark.parametrize("version", ["1.2.3", "1.2.2", "0.10.0"])
def test_versions_only_rise(clone, version):
    release(clone, "serve", "1.2.3")
    (clone / "CHANGELOG.md").write_text(CHANGELOG)
    commit(clone, "more")
    with pytest.raises(ReleaseRefusedError, match=r"exists already|is not newer"):
        release(clone, "serve", version)
    assert release(clone, "serve", "1.10.0") == "serve-v1.10.0"
