"""A tag releases what its name says, and only a commit of the default branch that the changelog knows."""

import pytest

from deploy.pipelines.check_tag import check_tag
from deploy.pipelines.failure import JobFailedError
from deploy.pipelines.tags import heading_of, parse_tag
from develop.fixtures.repositories import clone_of, commit, git, make_origin

CHANGELOG = "## [Unreleased]\n\n## [serve 1.2.3] - 2026-11-21\n\n## [2.0.0] - 2026-11-22\n"


@pytest.fixture
def clone(tmp_path):
    return clone_of(make_origin(tmp_path, CHANGELOG), tmp_path / "clone")


@pytest.mark.parametrize(
    ("name", "apps", "version", "heading"),
    [
        ("serve-v1.2.3", ("serve",), "1.2.3", "serve 1.2.3"),
        ("train-v0.10.0", ("train",), "0.10.0", "train 0.10.0"),
        ("v1.2.3", ("train", "serve", "stream"), "1.2.3", "1.2.3"),
    ],
)
def test_a_tag_says_what_it_releases(name, apps, version, heading):
    tag = parse_tag(name)
    assert (tag.apps, tag.version, heading_of(tag)) == (apps, version, heading)


@pytest.mark.parametrize(
    "name", ["serve-1.2.3", "shop-v1.2.3", "serve-v1.2", "serve-v1.2.3-rc1", "v01.2.3", "", "xserve-v1.2.3"]
)
def test_any_other_tag_releases_nothing(name):
    with pytest.raises(JobFailedError, match="no tag of a release"):
        parse_tag(name)


def test_a_commit_of_the_default_branch_is_released(clone):
    head = git(clone, "rev-parse", "HEAD")
    assert check_tag(clone, "serve-v1.2.3", head, "main") == f"serve 1.2.3 from {head}"
    assert check_tag(clone, "v2.0.0", head, "main").startswith("train serve stream 2.0.0")


def test_an_older_commit_of_the_default_branch_is_released_too(clone):
    head = git(clone, "rev-parse", "HEAD")
    commit(clone, "later")
    git(clone, "push", "--quiet", "origin", "main")
    git(clone, "switch", "--quiet", "--detach", head)
    assert check_tag(clone, "serve-v1.2.3", head, "main")


def test_a_commit_of_another_branch_is_refused(clone):
    git(clone, "switch", "--quiet", "--create", "feature")
    head = commit(clone, "not merged")
    git(clone, "push", "--quiet", "origin", "feature")
    with pytest.raises(JobFailedError, match=f"{head} is not on main"):
        check_tag(clone, "serve-v1.2.3", head, "main")


def test_a_commit_that_only_this_clone_calls_main_is_refused(clone):
    head = commit(clone, "never pushed")
    with pytest.raises(JobFailedError, match="is not on main"):
        check_tag(clone, "serve-v1.2.3", head, "main")


def test_a_version_that_the_changelog_does_not_know_is_refused(clone):
    head = git(clone, "rev-parse", "HEAD")
    for name in ("serve-v1.2.4", "v1.2.3", "stream-v1.2.3"):
        with pytest.raises(JobFailedError, match=r"CHANGELOG\.md has no heading"):
            check_tag(clone, name, head, "main")


def test_what_git_cannot_tell_is_a_failure(clone):
    with pytest.raises(JobFailedError, match="git cannot tell"):
        check_tag(clone, "serve-v1.2.3", "0" * 40, "main")
    with pytest.raises(JobFailedError, match="git fetch"):
        check_tag(clone, "serve-v1.2.3", git(clone, "rev-parse", "HEAD"), "no-such-branch")
