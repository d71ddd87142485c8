"""Step network: train the linear path, the deep path and the output layers on the corpora's training rows.

With a distant corpus the deep path is trained in two stages: on labels from emoticons first, then on people's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from libs.corpus import Corpora, Corpus, Split, as_columns
from libs.network.deep_path import History, Schedule, choose_epochs, train_deep_path
from libs.network.examples import Examples, make_examples
from libs.network.letters import MOST_ROWS, fit_with_letters
from libs.network.linear_path import LinearPath, admit_features, count_features, fit_linear_path
from libs.network.network import Network, build_network, count_outputs, predict_deep, predict_paths, predict_rows
from libs.network.output_layers import PolarRows, fit_output_layers
from libs.network.thresholds import LEAST_NEUTRALS, fit_thresholds
from libs.values.recipe import Recipe
from libs.vectors import Encoded, Vectors, encode_tokens
from sentiment.model.labels import Thresholds
from sentiment.text.encoding import EncodingParameters

logger = logging.getLogger(__name__)

_ENCODED, _LINEAR, _DEEP = 0.06, 0.12, 0.98  # of the step's time is over when each part is done
_REPLAYED: Final = 2  # distant rows in the second stage per labelled row, against forgetting the first stage

ReportProgress = Callable[[float, dict[str, Any]], None]


@dataclass(frozen=True)
class TrainedNetwork:
    """The trained network, and the corpora encoded end to end in the order of ``Corpora.all``.

    ``histories`` of the deep path's stages; ``features``: how many the linear path knows. ``thresholds`` of the NEUTRAL
    band, where neutral rows were set apart to fit it.
    """

    network: Network
    encoding: EncodingParameters
    encoded: Encoded
    histories: dict[str, History]
    features: int
    thresholds: Thresholds | None = None


def train_network(corpora: Corpora, vectors: Vectors, recipe: Recipe, report: ReportProgress) -> TrainedNetwork:
    """Encode the corpora, fit the linear path, train the deep path, fit the output layers on validation rows.

    ``report`` gets the fraction done and figures. One seed gives the same network again.
    """
    encoding = EncodingParameters()
    tokens = [line for corpus in corpora.all for line in corpus.tokens]
    encoded = encode_tokens(tokens, vectors.words, encoding, lambda fraction: report(_ENCODED * fraction, {}))
    splits = _number_end_to_end(corpora)
    linear = _fit_linear_path(corpora, splits, encoded, vectors=vectors, encoding=encoding, recipe=recipe)
    features = int((linear.owners >= 0).sum())
    report(_LINEAR, {"features": features})
    network = build_network(vectors, linear, [len(corpus.classes) for corpus in corpora.all], recipe)
    examples = make_examples(encoded, corpora, recipe.label_smoothing)
    histories = _train_deep_path(network, examples, splits, recipe, report)
    _fit_output_layers(network, encoded, corpora, splits)
    thresholds = _fit_neutral_band(network, encoded, splits[-1].validation, corpora, vectors)
    report(1.0, {})
    return TrainedNetwork(network, encoding, encoded, histories, features, thresholds)


def _number_end_to_end(corpora: Corpora) -> list[Split]:
    """Return the splits with row numbers into all corpora's texts end to end."""
    return [
        Split(split.training + start, split.validation + start)
        for split, start in zip(corpora.splits, corpora.starts, strict=True)
    ]


def _fit_linear_path(
    corpora: Corpora,
    splits: list[Split],
    encoded: Encoded,
    *,
    vectors: Vectors,
    encoding: EncodingParameters,
    recipe: Recipe,
) -> LinearPath:
    """Fit a linear model per corpus over one table of features; the output layers get the logits of all."""
    training = np.concatenate([split.training for split in splits])
    owners = admit_features(encoded.features, training, encoding.bucket_bits, recipe.slot_bits)
    weights = []
    for corpus, split, start in zip(corpora.all, splits, corpora.starts, strict=True):
        labels, classes = corpus.labels[split.training - start], len(corpus.classes)
        matrix = count_features(encoded.features, split.training, owners)
        if len(split.training) > MOST_ROWS:
            weights.append(fit_linear_path(matrix, labels, classes, recipe))
        else:
            fit = partial(fit_linear_path, labels=labels, classes=classes, recipe=recipe)
            words = encoded.words.take(split.training)
            weights.append(
                fit_with_letters(matrix, words, vocabulary=vectors.words, owners=owners, parameters=encoding, fit=fit)
            )
    return LinearPath(owners, np.concatenate(weights, axis=1))


def _train_deep_path(
    network: Network, examples: Examples, splits: list[Split], recipe: Recipe, report: ReportProgress
) -> dict[str, History]:
    rng = np.random.default_rng(recipe.seed)
    histories = {}
    done, total = _LINEAR, sum(len(split.training) for split in splits)
    for number, split in enumerate(splits):
        training = split.training
        if number:
            distant = splits[0].training
            replayed = rng.choice(distant, min(_REPLAYED * len(training), len(distant)), replace=False)
            examples = _distil_distant_head(network, examples, replayed)
            training = np.concatenate([training, replayed])
        share = (_DEEP - _LINEAR) * len(split.training) / total

        def report_stage(
            fraction: float, figures: dict[str, float], before: float = done, share: float = share
        ) -> None:
            report(before + fraction * share, figures)

        schedule = Schedule(training, split.validation, choose_epochs(recipe, len(training)), recipe.learning_rate)
        history = train_deep_path(network, examples, schedule, recipe, report_stage)
        histories[("first", "second")[number]] = history
        done += share
        logger.info("trained", extra={"stage_number": number + 1, "accuracy": history.validation_accuracy[-1]})
    return histories


def _distil_distant_head(network: Network, examples: Examples, rows: NDArray[np.int64]) -> Examples:
    """Return the examples with the distant head's present predictions as its targets for ``rows``.

    Such distillation targets keep what the first stage trained better than the rows' labels do (learning without
    forgetting, Li and Hoiem 2016).
    """
    classes = examples.heads[0]
    logits = predict_deep(network, examples.encoded, rows)[:, : count_outputs(classes)]
    if classes == 2:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    targets = examples.targets.copy()
    targets[rows, :classes] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return examples._replace(targets=targets)


def _fit_output_layers(network: Network, encoded: Encoded, corpora: Corpora, splits: list[Split]) -> None:
    classes = len(corpora.labelled.classes)
    labels = np.concatenate([as_columns(corpus, classes) for corpus in corpora.all])
    rows = splits[-1].validation
    polar = None
    if corpora.distant is not None:
        distant = splits[0].validation
        polar = PolarRows(predict_paths(network, encoded, distant), labels[distant])
    layers = fit_output_layers(predict_paths(network, encoded, rows), labels[rows], classes, polar)
    for layer, weights in zip(network.output_layers, layers, strict=True):
        layer.set_weights(weights)


def _fit_neutral_band(
    network: Network, encoded: Encoded, validation: NDArray[np.int64], corpora: Corpora, vectors: Vectors
) -> Thresholds | None:
    """Fit the NEUTRAL band on the neutral rows set apart, beside the polar validation rows."""
    corpus: Corpus = corpora.labelled
    if len(corpus.neutrals) < LEAST_NEUTRALS:
        return None
    neutral = encode_tokens(corpus.neutrals, vectors.words, EncodingParameters())
    scores = [
        predict_rows(network, encoded, validation)[:, 1],
        predict_rows(network, neutral, np.arange(len(corpus.neutrals)))[:, 1],
    ]
    labels = corpus.labels[validation - corpora.starts[-1]] * 2
    neutral_labels = np.ones(len(corpus.neutrals), dtype=np.int8)
    return fit_thresholds(
        np.concatenate(scores).astype(np.float64), np.concatenate([labels, neutral_labels]).astype(np.int8)
    )
