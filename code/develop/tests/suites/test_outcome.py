"""A job that cannot be counted is a failure, never nothing."""

from pathlib import Path

import pytest

from develop.suites.catalogue import Job
from develop.suites.outcome import Skip, read_outcome
from develop.suites.verdict import count_all, describe_job, describe_skips, find_forbidden

REPORT = """<testsuites><testsuite>
<testcase classname="tests.test_a" name="test_one"/>
<testcase classname="tests.test_a" name="test_two"><failure message="no"/></testcase>
<testcase classname="tests.test_a" name="test_three"><skipped message="no chromium here"/></testcase>
<testcase classname="tests.test_a" name="test_four"><error message="fixture"/></testcase>
</testsuite></testsuites>"""
GREEN = '<testsuites><testsuite><testcase classname="a" name="b"/></testsuite></testsuites>'


@pytest.fixture
def job(tmp_path):
    return Job("serve", ("true",), tmp_path, 5, report=tmp_path / "serve.xml")


def test_tests_are_counted_one_by_one(job):
    job.report.write_text(REPORT)
    outcome = read_outcome(job, 1, "", 1.0)
    assert (outcome.passed, outcome.failed) == (1, 2)
    assert outcome.skips == (Skip("serve", "tests.test_a::test_three", "no chromium here"),)


@pytest.mark.parametrize(
    ("report", "code", "trouble"),
    [
        (GREEN, None, "stopped after its 5 s"),
        (None, 0, "no report"),
        ("<testsuites><testsuite><testc", 0, "no report"),
        (GREEN, 3, "exit code 3"),
        ("<testsuites><testsuite/></testsuites>", 0, "not one test passed"),
    ],
    ids=["time ran out", "no report", "half a report", "crashed at the end", "no tests"],
)
def test_what_cannot_be_counted_is_one_failure(job, report, code, trouble):
    if report is not None:
        job.report.write_text(report)
    outcome = read_outcome(job, code, "last words", 1.0)
    assert outcome.failed == 1
    assert trouble in outcome.trouble
    assert "last words" in describe_job(outcome)


def test_a_check_passes_or_fails_as_a_whole():
    check = Job("ruff", ("true",), Path("/"), 5)
    assert read_outcome(check, 0, "", 1.0).passed == 1
    assert read_outcome(check, 1, "", 1.0).failed == 1


def test_a_skip_for_want_of_an_installed_part_is_a_failure(job):
    job.report.write_text(REPORT.replace("<failure", "<system-out").replace("<error", "<system-out"))
    outcome = read_outcome(job, 0, "", 1.0)
    assert find_forbidden(outcome.skips, ["postgresql"]) == []
    forbidden = find_forbidden(outcome.skips, ["chromium"])
    assert count_all([outcome], forbidden) == (3, 1, 0)
    assert "NOT ALLOWED serve: tests.test_a::test_three" in describe_skips(outcome.skips, forbidden)
