"""Step evaluate: measures with intervals, slices, behavioural tests, a peer, the checks of a release, and its report."""

from libs.evaluation.bootstrap import with_interval
from libs.evaluation.checks import find_failed_checks
from libs.evaluation.evaluate import Evaluation, evaluate
from libs.evaluation.measures import accuracy, macro_recall, measure
from libs.evaluation.must_hold import judge_cases
from libs.evaluation.paired import (
    ACCURACY,
    MACRO_RECALL,
    choose_measure,
    compare,
    count_disagreements,
    mcnemar,
)
from libs.evaluation.scored_rows import ScoredRows, count_confusion

__all__ = [
    "ACCURACY",
    "MACRO_RECALL",
    "Evaluation",
    "ScoredRows",
    "accuracy",
    "choose_measure",
    "compare",
    "count_confusion",
    "count_disagreements",
    "evaluate",
    "find_failed_checks",
    "judge_cases",
    "macro_recall",
    "mcnemar",
    "measure",
    "with_interval",
]
