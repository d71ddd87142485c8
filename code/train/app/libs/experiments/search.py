"""``python main.py tune``: search hyperparameters with Optuna within a time budget.

Attempts are judged by a tenth of the rows to learn from. The held-out tenth takes no part: hyperparameters chosen by it
would make every later figure about it too good. The only place that meets Optuna.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libs.corpus import Corpora, Corpus, require_enough, split_corpora
from libs.evaluation import ACCURACY, accuracy, choose_measure, count_confusion, macro_recall
from libs.experiments.attempt import attempt
from libs.experiments.search_space import SPACE, suggest
from libs.experiments.workplace import Workplace
from libs.values.recipe import Recipe, override_recipe
from sentiment.errors import ConfigurationError, PermanentError

Judge = Callable[[Corpora, Recipe, Workplace, Callable[[float], None]], float]

STUDY_FILE, BEST_FILE = "study.db", "best.json"
_JUDGED_SHARE: Final = 0.1
_VALUES: Final = "values"  # attribute of an attempt: the hyperparameters as they were used


class Budget(NamedTuple):
    """A search ends with whichever is spent first; ``attempts`` counts those of this call."""

    minutes: float
    attempts: int | None = None


@dataclass(frozen=True)
class Found:
    """The best of all attempts that ended: ``overrides`` in the form ``POST /train`` takes; ``default`` is the recipe's.

    ``attempts`` holds what each came to, in their order.
    """

    measure: str
    best: float
    default: float | None
    attempts: tuple[float, ...]
    overrides: dict[str, Any]


def search(
    place: Workplace,
    settled: Mapping[str, Any],
    budget: Budget,
    report: Callable[[str, float], None],
    judge: Judge | None = None,
) -> Found:
    """Try hyperparameters until the ``budget`` is spent, the defaults first; what is ``settled`` stays as it is.

    The study lies in ``study.db`` among the results: the same question asked again goes on where it ended. Reproducible
    by seed as far as training is, except for how many attempts the time allows. Raises ``ConfigurationError`` when Optuna
    is not installed, ``PermanentError("no_attempt_ended")`` when the time was too short for a single attempt. ``judge``
    returns how good a recipe is; by default it trains with it.
    """
    optuna = _import_optuna()
    corpora = set_aside(place.corpora, place.recipe)
    study = _open_study(optuna, place, settled)
    seconds = 60 * budget.minutes
    deadline = time.monotonic() + seconds

    def objective(trial: Any) -> float:
        name = _name_attempt(trial)

        def report_time(_fraction: float) -> None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise optuna.TrialPruned
            report(name, 1 - left / seconds)

        values = suggest(trial, settled)
        trial.set_user_attr(_VALUES, values)
        return (judge or judge_recipe)(corpora, override_recipe(place.recipe, values), place, report_time)

    study.optimize(objective, timeout=seconds, n_trials=budget.attempts, catch=(PermanentError,))
    report("done", 1.0)
    return _conclude(optuna, study, len(corpora.labelled.classes), settled)


def judge_recipe(corpora: Corpora, recipe: Recipe, place: Workplace, report: Callable[[float], None]) -> float:
    """Return what the gate goes by: accuracy of two classes, macro recall of three."""
    confusion = count_confusion(attempt(corpora, recipe, place.scratch, report))
    rule = accuracy if choose_measure(len(corpora.labelled.classes)) == ACCURACY else macro_recall
    return float(rule(confusion))


def set_aside(corpora: Corpora, recipe: Recipe) -> Corpora:
    """Return corpora without their held-out rows; a tenth of the labelled rows that are left is held out instead."""
    corpus = _take(corpora.labelled, corpora.labelled.training_rows)
    rows = len(corpus.texts)
    judged = np.zeros(rows, dtype=np.bool_)
    judged[np.random.default_rng(recipe.seed).permutation(rows)[: int(rows * _JUDGED_SHARE)]] = True
    corpus = replace(corpus, held_out=judged)
    require_enough(corpus)
    distant = corpora.distant and _take(corpora.distant, corpora.distant.training_rows)
    return split_corpora(corpus, distant, recipe)


def _take(corpus: Corpus, rows: NDArray[np.int64]) -> Corpus:
    return replace(
        corpus,
        texts=[corpus.texts[row] for row in rows],
        tokens=[corpus.tokens[row] for row in rows],
        labels=corpus.labels[rows],
        topics=[corpus.topics[row] for row in rows] if corpus.topics else None,
        held_out=corpus.held_out[rows],
    )


def _import_optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise ConfigurationError(
            "tune needs Optuna: pip install --no-deps -r build/requirements-experiments.txt"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _open_study(optuna: Any, place: Workplace, settled: Mapping[str, Any]) -> Any:
    question = [[corpus.sha256 for corpus in place.corpora.all], place.recipe.model_dump(), sorted(settled)]
    digest = hashlib.sha256(json.dumps(question).encode()).hexdigest()
    study = optuna.create_study(
        storage=f"sqlite:///{(place.results / STUDY_FILE).resolve()}",
        study_name=f"{place.corpora.labelled.name} {digest[:8]}",
        direction="maximize",
        load_if_exists=True,
    )
    # A sampler begun anew with one seed would repeat itself, so that a study gone on with would learn nothing.
    study.sampler = optuna.samplers.TPESampler(seed=place.recipe.seed + len(study.trials))
    defaults = place.recipe.model_dump(include=set(SPACE) - set(settled))
    if defaults:
        study.enqueue_trial(defaults, skip_if_exists=True)
    return study


def _name_attempt(trial: Any) -> str:
    ended = [one.value for one in trial.study.get_trials(deepcopy=False) if one.value is not None]
    return f"attempt {trial.number + 1}" + (f", best {max(ended):.4f}" if ended else "")


def _conclude(optuna: Any, study: Any, classes: int, settled: Mapping[str, Any]) -> Found:
    ended = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if not ended:
        raise PermanentError("no attempt ended in time: give more --minutes or fewer --rows", code="no_attempt_ended")
    best = max(ended, key=lambda one: one.value)
    default = next((one.value for one in ended if "fixed_params" in one.system_attrs), None)
    values = tuple(one.value for one in ended)
    return Found(choose_measure(classes), best.value, default, values, {**settled, **best.user_attrs[_VALUES]})
