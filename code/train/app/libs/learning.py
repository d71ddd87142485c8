"""The step from corpora and vectors to a trained network: emoticon labels first, where there are any, then people's."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from libs.choice import choose_rows
from libs.deep_path import History, Plan, choose_epochs, train_deep_path
from libs.encoded import Encoded, encode_tokens
from libs.evidence.thresholds import LEAST_NEUTRALS, fit_thresholds
from libs.examples import Examples, balance, soften
from libs.letters import MOST_ROWS, fit_with_letters
from libs.linear_path import LinearPath, admit_features, count_features, fit_linear_path
from libs.network import Network, build_network, predict_paths, predict_rows
from libs.weighing import Polar, fit_weighing
from sentiment.encoding import EncodingParameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from libs.corpus import Corpora, Corpus
    from libs.recipe import Recipe
    from libs.vectors import Vectors
    from sentiment.labels import Thresholds

logger = logging.getLogger(__name__)

_ENCODED, _LINEAR, _DEEP = 0.06, 0.12, 0.98  # of the step's time is over when each part is done
_MOST_WATCHED: Final = 20_000
_WATCHED_SHARE: Final = 0.05
_REPLAYED: Final = 2  # rows with emoticon labels per row with a person's label, so that the first are not forgotten
_SECOND_RATE: Final = 0.3  # of the first stage's: what is known is to be bent, not rewritten


@dataclass(frozen=True)
class Learned:
    """The trained network, and the corpora encoded end to end in the order of ``Corpora.all``, each from its ``starts``."""

    network: Network
    encoding: EncodingParameters
    encoded: Encoded
    starts: tuple[int, ...]
    histories: dict[str, History]
    features: int
    thresholds: Thresholds | None = None  # of the NEUTRAL band, where neutral rows were set apart to fit it


class Stage(NamedTuple):
    """Rows of one corpus among all: those to learn from, and those set aside to watch and to weigh the paths by."""

    learnt: NDArray[np.int64]
    watched: NDArray[np.int64]


def learn(
    corpora: Corpora, vectors: Vectors, recipe: Recipe, report: Callable[[float, dict[str, Any]], None]
) -> Learned:
    """Encode, fit the linear path, train the deep path, weigh both; ``report`` gets the fraction done and figures."""
    classes = len(corpora.labelled.classes)
    encoding = EncodingParameters()
    tokens = [line for corpus in corpora.all for line in corpus.tokens]
    encoded = encode_tokens(tokens, vectors.words, encoding, lambda fraction: report(_ENCODED * fraction, {}))
    labels = np.concatenate([as_columns(corpus, classes) for corpus in corpora.all])
    stages = split_stages(corpora, recipe)
    linear = _fit_linear(corpora, stages, encoded, vectors=vectors, encoding=encoding, recipe=recipe)
    features = int((linear.owners >= 0).sum())
    report(_LINEAR, {"features": features})
    network = build_network(vectors, linear, classes, recipe)
    examples = Examples(encoded, *_make_targets(corpora, classes, recipe))
    histories = _train_deep(network, examples, stages, recipe, report)
    weighed = stages[-1].watched
    polar = _read_ends(network, encoded, labels, stages) if classes > 2 else None
    network.weighing.set_weights(
        fit_weighing(predict_paths(network, encoded, weighed), labels[weighed], classes, polar)
    )
    thresholds = _fit_band(
        network, encoded, watched=weighed, labels=labels[weighed], corpus=corpora.labelled, vectors=vectors
    )
    report(1.0, {})
    return Learned(network, encoding, encoded, _starts(corpora), histories, features, thresholds)


def _read_ends(network: Network, encoded: Encoded, labels: NDArray[np.int8], stages: list[Stage]) -> Polar | None:
    """Return what the paths say to the rows with emoticon labels that were set aside, if there are any."""
    if len(stages) == 1:
        return None
    rows = stages[0].watched
    return Polar(predict_paths(network, encoded, rows), labels[rows])


def _fit_band(
    network: Network,
    encoded: Encoded,
    *,
    watched: NDArray[np.int64],
    labels: NDArray[np.int8],
    corpus: Corpus,
    vectors: Vectors,
) -> Thresholds | None:
    """Fit the NEUTRAL band on neutral rows beside polar ones that the network has not learnt from either."""
    if len(corpus.neutrals) < LEAST_NEUTRALS:
        return None
    neutral = encode_tokens(corpus.neutrals, vectors.words, EncodingParameters())
    scores = [
        predict_rows(network, encoded, watched)[:, 1],
        predict_rows(network, neutral, np.arange(len(corpus.neutrals)))[:, 1],
    ]
    middle = np.ones(len(corpus.neutrals), dtype=np.int8)
    return fit_thresholds(
        np.concatenate(scores).astype(np.float64), np.concatenate([labels * 2, middle]).astype(np.int8)
    )


def split_stages(corpora: Corpora, recipe: Recipe) -> list[Stage]:
    """Set a twentieth of each corpus' rows to learn from aside (at most 20,000), for watching and weighing."""
    rng = np.random.default_rng(recipe.seed)
    stages = []
    for corpus, start in zip(corpora.all, _starts(corpora), strict=True):
        rows = rng.permutation(choose_rows(corpus, recipe)) + start
        watched = min(max(int(len(rows) * _WATCHED_SHARE), min(400, len(rows) // 5)), _MOST_WATCHED)
        stages.append(Stage(learnt=rows[watched:], watched=rows[:watched]))
    return stages


def as_columns(corpus: Corpus, classes: int) -> NDArray[np.int8]:
    """Return labels as columns of a network with ``classes`` outputs: the ends stay the ends."""
    return corpus.labels if len(corpus.classes) == classes else (corpus.labels * (classes - 1)).astype(np.int8)


def _starts(corpora: Corpora) -> tuple[int, ...]:
    return (0,) if corpora.distant is None else (0, len(corpora.distant.texts))


def _fit_linear(
    corpora: Corpora,
    stages: list[Stage],
    encoded: Encoded,
    *,
    vectors: Vectors,
    encoding: EncodingParameters,
    recipe: Recipe,
) -> LinearPath:
    """Fit a linear path per corpus over one table of features; the weighing layer hears them all."""
    learnt = np.concatenate([stage.learnt for stage in stages])
    owners = admit_features(encoded.features, learnt, encoding.bucket_bits, recipe.slot_bits)
    weights = []
    for corpus, stage, start in zip(corpora.all, stages, _starts(corpora), strict=True):
        labels, classes = corpus.labels[stage.learnt - start], len(corpus.classes)
        matrix = count_features(encoded.features, stage.learnt, owners)
        if len(stage.learnt) > MOST_ROWS:
            weights.append(fit_linear_path(matrix, labels, classes, recipe))
        else:
            fit = partial(fit_linear_path, labels=labels, classes=classes, recipe=recipe)
            words = encoded.words.take(stage.learnt)
            weights.append(
                fit_with_letters(matrix, words, vocabulary=vectors.words, owners=owners, parameters=encoding, fit=fit)
            )
    return LinearPath(owners, np.concatenate(weights, axis=1))


def _make_targets(corpora: Corpora, classes: int, recipe: Recipe) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    targets, weights = [], []
    for corpus in corpora.all:
        columns = as_columns(corpus, classes)
        # People's labels speak of all columns; emoticons tell the two ends apart and leave the middle open.
        named = list(range(classes)) if len(corpus.classes) == classes else [0, classes - 1]
        targets.append(soften(columns, named, classes, recipe.label_smoothing))
        balanced = corpus is corpora.labelled and corpora.distant is not None
        weights.append(balance(columns) if balanced else np.ones(len(columns), dtype=np.float32))
    return np.concatenate(targets), np.concatenate(weights)


def _train_deep(
    network: Network,
    examples: Examples,
    stages: list[Stage],
    recipe: Recipe,
    report: Callable[[float, dict[str, Any]], None],
) -> dict[str, History]:
    rng = np.random.default_rng(recipe.seed)
    histories = {}
    done, whole = _LINEAR, sum(len(stage.learnt) for stage in stages)
    for number, stage in enumerate(stages):
        learnt = stage.learnt if number == 0 else _replay(stages[0], stage, rng)
        span = (_DEEP - _LINEAR) * len(stage.learnt) / whole

        def tell(fraction: float, figures: dict[str, float], begin: float = done, span: float = span) -> None:
            report(begin + fraction * span, figures)

        rate = recipe.learning_rate * (1.0 if number == 0 else _SECOND_RATE)
        plan = Plan(learnt, stage.watched, choose_epochs(recipe, len(learnt)), rate)
        history = train_deep_path(network, examples, plan, recipe, tell)
        histories[("first", "second")[number]] = history
        done += span
        logger.info("learnt", extra={"stage_number": number + 1, "accuracy": history.watched_accuracy[-1]})
    return histories


def _replay(first: Stage, second: Stage, rng: np.random.Generator) -> NDArray[np.int64]:
    size = min(_REPLAYED * len(second.learnt), len(first.learnt))
    return np.concatenate([second.learnt, rng.choice(first.learnt, size, replace=False)])
