"""The pipelines are what GitLab accepts, and a tag starts the jobs of its own app alone."""

import re
import subprocess

import pytest
from places import python_of
from yaml import safe_load

from house.tracked import APPS, ROOT, list_tracked, read

PIPELINES = [path for path in list_tracked("*.gitlab-ci.yml") if path.endswith(".gitlab-ci.yml")]


def test_there_is_a_pipeline_for_the_whole_and_for_each_app():
    assert set(PIPELINES) == {".gitlab-ci.yml", *(f"code/{app}/.gitlab-ci.yml" for app in APPS)}


def test_gitlab_s_own_schema_accepts_them_all():
    words = [python_of("tools"), "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    words += ["--data-transform", "gitlab-ci", *PIPELINES]
    answer = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_root_includes_every_app():
    included = {entry["local"].lstrip("/") for entry in safe_load(read(".gitlab-ci.yml"))["include"]}
    assert included == {f"code/{app}/.gitlab-ci.yml" for app in APPS}


def jobs_of(app):
    pipeline = safe_load(read(f"code/{app}/.gitlab-ci.yml"))
    return {name: job for name, job in pipeline.items() if isinstance(job, dict) and "script" in job}


@pytest.mark.parametrize("app", APPS)
def test_every_job_of_an_app_carries_the_apps_name(app):
    """Included files share one name space: two jobs called alike would silently become one."""
    assert jobs_of(app)
    assert all(app in name for name in jobs_of(app))


@pytest.mark.parametrize("app", APPS)
def test_a_tag_starts_only_its_own_apps_jobs(app):
    for name, job in jobs_of(app).items():
        for other in APPS:
            assert _starts_on_tag(job["rules"], f"{other}-v1.2.3") is (other == app), f"{name} on {other}'s tag"


def _starts_on_tag(rules, tag):
    for rule in rules:
        condition = rule.get("if", "")
        matches = re.search(r"\$CI_COMMIT_TAG\s*=~\s*/(.+?)/", condition)
        if matches:
            applies = bool(re.search(matches[1], tag))
        elif "$CI_COMMIT_TAG" in condition:
            applies = True
        elif condition:
            applies = False
        else:
            applies = True
        if applies:
            return rule.get("when") != "never"
    return False


@pytest.mark.parametrize("path", PIPELINES)
def test_no_job_only_echoes_ok(path):
    for name, job in safe_load(read(path)).items():
        if isinstance(job, dict) and "script" in job:
            assert not all(str(line).startswith("echo ") for line in job["script"]), name
