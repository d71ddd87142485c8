"""The checks of a release: what the report shows that a person should know before trusting it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from libs.values.checks import FailedCheck, ReleaseCheck
from libs.values.report import BehaviourReport, Report

_LEAST_HELD_OUT_ROWS: Final = 500
_MOST_CALIBRATION_ERROR: Final = 0.02
_MOST_SCORE_BIAS: Final = 0.02  # of a mean score, by which a brand is judged


def find_failed_checks(report: Report) -> tuple[FailedCheck, ...]:
    """Return the checks that the release of this report fails, each with its warning."""
    ahead, ece, bias = report.peer.ahead, report.metrics["ece"].value, report.metrics["score_bias"]
    held_out = report.rows.held_out
    biased = min(abs(bias.low), abs(bias.high)) > _MOST_SCORE_BIAS and bias.low * bias.high > 0
    checks = (
        (ReleaseCheck.BEHAVIOUR, _describe_behaviour(report.must_hold), _find_failing(report.must_hold) != []),
        (
            ReleaseCheck.PEER,
            f"the linear peer is better by {-ahead.value:.4f} in {report.peer.measure}",
            ahead.high < 0,
        ),
        (ReleaseCheck.CALIBRATION, f"calibration error {ece:.3f} is over 0.02", ece > _MOST_CALIBRATION_ERROR),
        (ReleaseCheck.SCORE_BIAS, f"a mean of scores is off by {bias.value:+.3f}", biased),
        (ReleaseCheck.HELD_OUT_ROWS, f"judged by only {held_out} rows", held_out < _LEAST_HELD_OUT_ROWS),
    )
    return tuple(FailedCheck(check, warning) for check, warning, failed in checks if failed)


def _find_failing(kinds: Iterable[BehaviourReport]) -> list[BehaviourReport]:
    return [kind for kind in kinds if kind.holds is False]


def _describe_behaviour(kinds: Iterable[BehaviourReport]) -> str:
    failing = ", ".join(f"{one.kind} ({one.held} of {one.cases})" for one in _find_failing(kinds))
    return f"sentences that must hold do not: {failing}"
