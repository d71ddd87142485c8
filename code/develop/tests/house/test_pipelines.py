"""The pipelines are what GitLab accepts, a tag starts the jobs of its own app alone, and every job does something."""

import re
import subprocess

import pytest

from deploy.check_release.expected import CASES, jobs_of_tests
from deploy.check_release.rules import choose_jobs, list_jobs, load_pipeline
from develop.fixtures.tracked import APPS, ROOT, list_tracked, read
from develop.places import CODE, python_of

FILES = [path for path in list_tracked("*.gitlab-ci.yml") if path.endswith(".gitlab-ci.yml")]
PIPELINE = load_pipeline()
JOBS = list_jobs(PIPELINE)
STAGES = ["test_before_build", "build", "pull_image", "deploy", "test_after_deploy"]


def test_there_is_a_pipeline_for_the_whole_and_for_each_app():
    assert set(FILES) == {".gitlab-ci.yml", *(f"code/{app}/.gitlab-ci.yml" for app in APPS)}


def test_gitlab_s_own_schema_accepts_them_all():
    words = [python_of("tools"), "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    words += ["--data-transform", "gitlab-ci", *FILES]
    answer = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("case", CASES)
def test_a_pipeline_has_exactly_the_jobs_that_it_is_for(case):
    variables, expected = CASES[case]
    found = choose_jobs(PIPELINE, variables)
    assert found == expected


@pytest.mark.parametrize("source", ["push", "merge_request_event"])
@pytest.mark.parametrize("part", [*APPS, "shared"])
def test_a_branch_tests_what_it_changed_and_builds_nothing(source, part):
    variables = {"CI_PIPELINE_SOURCE": source, "CI_COMMIT_BRANCH": "feature" if source == "push" else None}
    found = choose_jobs(
        PIPELINE, variables, [f"code/{part}/app/libs/x.py" if part in APPS else "code/shared/sentiment/x.py"]
    )
    assert found == jobs_of_tests(part)


def test_a_branch_with_a_merge_request_is_not_tested_twice():
    variables = {"CI_COMMIT_BRANCH": "feature", "CI_OPEN_MERGE_REQUESTS": "acme/sentiment!7"}
    assert choose_jobs(PIPELINE, variables, ["code/serve/app/main.py"]) == frozenset()


def test_the_space_is_published_only_where_there_is_a_token():
    tag = {"CI_COMMIT_TAG": "serve-v1.2.3", "CI_COMMIT_BRANCH": None}
    assert choose_jobs(PIPELINE, {**tag, "HF_TOKEN": "x"}) - choose_jobs(PIPELINE, tag) == {"serve:space"}
    assert "serve:space" not in choose_jobs(PIPELINE, {**tag, "CI_COMMIT_TAG": "train-v1.2.3", "HF_TOKEN": "x"})


def test_no_tag_is_chosen_by_what_it_changed():
    """For a tag ``changes`` is always true: a rule that relies on it would start every app's jobs."""
    for name, job in JOBS.items():
        for rule in job["rules"]:
            if "changes" in rule:
                before = job["rules"][: job["rules"].index(rule)]
                assert any("CI_COMMIT_TAG" in each.get("if", "") and each.get("when") == "never" for each in before), (
                    name
                )


def test_the_stages_are_walked_in_order():
    assert PIPELINE["stages"] == STAGES
    order = {name: STAGES.index(job["stage"]) for name, job in JOBS.items()}
    for app in APPS:
        steps = ["test", "image", "pull", "deploy", "verify"]
        assert [order[f"{app}:{step}"] for step in steps] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", JOBS)
def test_a_job_does_something_and_can_fail(name):
    commands = [command.strip() for line in JOBS[name]["script"] for command in line.split("&&")]
    assert not all(command.startswith(("echo ", "true", "cd ")) for command in commands)
    assert not any(re.search(r"\|\| *(true|:)|echo OK", command) for command in commands)
    assert not JOBS[name].get("allow_failure")


@pytest.mark.parametrize("name", JOBS)
def test_a_job_s_image_has_a_version(name):
    image = JOBS[name]["image"]
    tag = (image["name"] if isinstance(image, dict) else image).rpartition(":")[2]
    assert any(character.isdigit() for character in tag)
    assert "latest" not in tag


@pytest.mark.parametrize("name", JOBS)
def test_a_job_calls_scripts_that_exist_with_arguments_that_they_take(name):
    for line in JOBS[name]["script"]:
        for module in re.findall(r"python3 -m deploy.pipelines\.(\w+)", line):
            assert (CODE / "deploy" / "pipelines" / f"{module}.py").is_file()
            assert (" $APP" in line) == ('"app"' in read(f"code/deploy/pipelines/{module}.py"))


@pytest.mark.parametrize("name", JOBS)
def test_every_module_that_a_job_runs_exists(name):
    for module in re.findall(r"\b(?:deploy|develop)(?:\.\w+)+", " ".join(JOBS[name]["script"])):
        path = CODE.joinpath(*module.split("."))
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


@pytest.mark.parametrize("app", APPS)
def test_every_job_of_an_app_carries_the_apps_name(app):
    """Included files share one name space: two jobs called alike would silently become one."""
    own = re.findall(r"^(\S+):$", read(f"code/{app}/.gitlab-ci.yml"), re.MULTILINE)
    assert own
    assert all(name.lstrip(".").startswith(f"{app}:") for name in own)
    assert {
        job["variables"]["APP"] for name, job in JOBS.items() if name.startswith(f"{app}:") and "$APP" in str(job)
    } == {app}


def test_coverage_is_shown():
    for app in APPS:
        job = JOBS[f"{app}:test"]
        pattern = re.compile(job["coverage"].strip("/"), re.MULTILINE)
        assert pattern.search("TOTAL      1641    665    266     25    55%\n")[1] == "55"
        assert job["artifacts"]["reports"]["coverage_report"]["coverage_format"] == "cobertura"


def test_what_releases_is_never_interrupted_and_never_runs_twice_at_once():
    for app in APPS:
        for job in ("image", "pull", "deploy", "verify"):
            assert JOBS[f"{app}:{job}"]["interruptible"] is False
        assert JOBS[f"{app}:deploy"]["resource_group"] == JOBS[f"{app}:verify"]["resource_group"]


def test_no_file_holds_what_the_project_should():
    text = "".join(read(path) for path in FILES)
    assert not re.search(r"(TOKEN|PASSWORD|KEY|SECRET): *[^$\s]", text)
