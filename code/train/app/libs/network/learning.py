"""The step from corpora and vectors to a trained network: emoticon labels first, where there are any, then people's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from libs.corpus.corpora import Corpora, Corpus, as_columns
from libs.corpus.split import Stage, split_stages
from libs.network.deep_path import History, Plan, choose_epochs, train_deep_path
from libs.network.examples import Examples, make_examples
from libs.network.letters import MOST_ROWS, fit_with_letters
from libs.network.linear_path import LinearPath, admit_features, count_features, fit_linear_path
from libs.network.network import Network, build_network, count_outputs, predict_deep, predict_paths, predict_rows
from libs.network.thresholds import LEAST_NEUTRALS, fit_thresholds
from libs.network.weighing import Ends, fit_weighing
from libs.values.recipe import Recipe
from libs.vectors.encoded import Encoded, encode_tokens
from libs.vectors.word2vec import Vectors
from sentiment.model.labels import Thresholds
from sentiment.text.encoding import EncodingParameters

logger = logging.getLogger(__name__)

_ENCODED, _LINEAR, _DEEP = 0.06, 0.12, 0.98  # of the step's time is over when each part is done
_REPLAYED: Final = 2  # rows with emoticon labels per row with a person's label, so that the first are not forgotten


@dataclass(frozen=True)
class Learned:
    """The trained network, and the corpora encoded end to end in the order of ``Corpora.all``."""

    network: Network
    encoding: EncodingParameters
    encoded: Encoded
    histories: dict[str, History]
    features: int
    thresholds: Thresholds | None = None  # of the NEUTRAL band, where neutral rows were set apart to fit it


def learn(
    corpora: Corpora, vectors: Vectors, recipe: Recipe, report: Callable[[float, dict[str, Any]], None]
) -> Learned:
    """Encode, fit the linear path, train the deep path, weigh both; ``report`` gets the fraction done and figures."""
    classes = len(corpora.labelled.classes)
    encoding = EncodingParameters()
    tokens = [line for corpus in corpora.all for line in corpus.tokens]
    encoded = encode_tokens(tokens, vectors.words, encoding, lambda fraction: report(_ENCODED * fraction, {}))
    stages = split_stages(corpora, recipe)
    linear = _fit_linear(corpora, stages, encoded, vectors=vectors, encoding=encoding, recipe=recipe)
    features = int((linear.owners >= 0).sum())
    report(_LINEAR, {"features": features})
    network = build_network(vectors, linear, [len(corpus.classes) for corpus in corpora.all], recipe)
    examples = make_examples(encoded, corpora, recipe.label_smoothing)
    histories = _train_deep(network, examples, stages, recipe, report)
    labels = np.concatenate([as_columns(corpus, classes) for corpus in corpora.all])
    weighed = stages[-1].watched
    layers = fit_weighing(
        predict_paths(network, encoded, weighed), labels[weighed], classes, _read_ends(network, encoded, labels, stages)
    )
    for layer, weights in zip(network.weighings, layers, strict=True):
        layer.set_weights(weights)
    thresholds = _fit_band(
        network, encoded, watched=weighed, labels=labels[weighed], corpus=corpora.labelled, vectors=vectors
    )
    report(1.0, {})
    return Learned(network, encoding, encoded, histories, features, thresholds)


def _read_ends(network: Network, encoded: Encoded, labels: NDArray[np.int8], stages: list[Stage]) -> Ends | None:
    """Return what the paths say to the rows with emoticon labels that were set aside, if there are any."""
    if len(stages) == 1:
        return None
    rows = stages[0].watched
    return Ends(predict_paths(network, encoded, rows), labels[rows])


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
    for corpus, stage, start in zip(corpora.all, stages, corpora.starts, strict=True):
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
        learnt = stage.learnt
        if number:
            again = rng.choice(stages[0].learnt, min(_REPLAYED * len(learnt), len(stages[0].learnt)), replace=False)
            examples = _believe(network, examples, again)
            learnt = np.concatenate([learnt, again])
        span = (_DEEP - _LINEAR) * len(stage.learnt) / whole

        def tell(fraction: float, figures: dict[str, float], begin: float = done, span: float = span) -> None:
            report(begin + fraction * span, figures)

        plan = Plan(learnt, stage.watched, choose_epochs(recipe, len(learnt)), recipe.learning_rate)
        history = train_deep_path(network, examples, plan, recipe, tell)
        histories[("first", "second")[number]] = history
        done += span
        logger.info("learnt", extra={"stage_number": number + 1, "accuracy": history.watched_accuracy[-1]})
    return histories


def _believe(network: Network, examples: Examples, rows: NDArray[np.int64]) -> Examples:
    """Return the examples with what the first head says now as its target for ``rows``, which are to be learnt again.

    What was learnt is kept better by answering as before than by the labels (learning without forgetting, Li and Hoiem
    2016).
    """
    classes = examples.heads[0]
    logits = predict_deep(network, examples.encoded, rows)[:, : count_outputs(classes)]
    if classes == 2:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    targets = examples.targets.copy()
    targets[rows, :classes] = raised / raised.sum(axis=1, keepdims=True)
    return examples._replace(targets=targets)
