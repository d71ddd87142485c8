"""The checks of a release, by codes; what each warns of, and which of them keep a release back."""

from __future__ import annotations

import pytest
from scored import make_report

from libs.evaluation import find_failed_checks
from libs.values.checks import ReleaseCheck
from libs.values.report import Figure, Report

SOUND = {"ece": Figure(value=0.01, low=0.0, high=0.02), "score_bias": Figure(value=0.001, low=-0.01, high=0.01)}


def make_sound_report() -> Report:
    report = make_report(2)
    holding = tuple(kind.model_copy(update={"holds": True}) for kind in report.must_hold)
    return report.model_copy(update={"metrics": report.metrics | SOUND, "must_hold": holding})


def test_a_sound_release_fails_no_check() -> None:
    assert find_failed_checks(make_sound_report()) == ()


def test_sentences_that_must_hold_and_do_not_keep_a_release_back() -> None:
    report = make_sound_report().model_copy(update={"must_hold": make_report(2).must_hold})
    (failed,) = find_failed_checks(report)
    assert (failed.check, failed.blocks) == (ReleaseCheck.BEHAVIOUR, True)
    assert failed.warning == "sentences that must hold do not: negation (1 of 9)"


def test_a_kind_that_was_not_asked_fails_nothing() -> None:
    unasked = tuple(kind.model_copy(update={"holds": None}) for kind in make_report(2).must_hold)
    assert find_failed_checks(make_sound_report().model_copy(update={"must_hold": unasked})) == ()


@pytest.mark.parametrize(
    ("check", "changes", "warning"),
    [
        (
            ReleaseCheck.PEER,
            {"peer": make_report(2).peer.model_copy(update={"ahead": Figure(value=-0.02, low=-0.03, high=-0.01)})},
            "the linear peer is better by 0.0200 in accuracy",
        ),
        (
            ReleaseCheck.CALIBRATION,
            {"metrics": SOUND | {"ece": Figure(value=0.038, low=0.02, high=0.05)}},
            "calibration error 0.038 is over 0.02",
        ),
        (
            ReleaseCheck.SCORE_BIAS,
            {"metrics": SOUND | {"score_bias": Figure(value=-0.04, low=-0.05, high=-0.03)}},
            "a mean of scores is off by -0.040",
        ),
        (
            ReleaseCheck.HELD_OUT_ROWS,
            {"rows": make_report(2).rows.model_copy(update={"held_out": 12})},
            "judged by only 12 rows",
        ),
    ],
)
def test_the_other_checks_warn_in_the_words_of_earlier_releases_and_keep_nothing_back(
    check: ReleaseCheck, changes: dict[str, object], warning: str
) -> None:
    (failed,) = find_failed_checks(make_sound_report().model_copy(update=changes))
    assert (failed.check, failed.warning, failed.blocks) == (check, warning, False)


def test_a_bias_whose_interval_holds_zero_is_no_bias() -> None:
    bias = Figure(value=0.03, low=-0.03, high=0.09)
    report = make_sound_report()
    assert find_failed_checks(report.model_copy(update={"metrics": report.metrics | {"score_bias": bias}})) == ()
