"""The step from corpora and vectors to a trained network: emoticon labels first, where there are any, then people's."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from libs.choice import choose_rows
from libs.encoded import Encoded, encode_texts
from libs.network import History, build_network, train_network
from sentiment.encoding import EncodingParameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from libs.corpus import Corpora, Corpus
    from libs.recipe import Recipe
    from libs.vectors import Vectors

logger = logging.getLogger(__name__)

_ENCODING_SHARE = 0.1
_DISTANT_SHARE = 0.85


@dataclass(frozen=True)
class Learned:
    """The trained network with what it was trained on, encoded, in the order of ``Corpora.all``."""

    network: Any
    encoding: EncodingParameters
    encoded: tuple[Encoded, ...]
    histories: tuple[History, ...]


def learn(
    corpora: Corpora, vectors: Vectors, recipe: Recipe, report: Callable[[float, dict[str, Any]], None]
) -> Learned:
    """Encode and train; ``report`` gets the fraction done and, at the end of an epoch, its figures."""
    encoding = EncodingParameters(bucket_bits=recipe.bucket_bits)
    encoded = tuple(encode_texts(corpus.texts, vectors.words, encoding) for corpus in corpora.all)
    report(_ENCODING_SHARE, {})
    network = build_network(vectors, len(corpora.labelled.classes), recipe)
    histories: list[History] = []
    done = _ENCODING_SHARE
    shares = [1.0] if corpora.distant is None else [_DISTANT_SHARE, 1 - _DISTANT_SHARE]
    for corpus, codes, share in zip(corpora.all, encoded, shares, strict=True):
        labels = _as_classes(corpus, len(corpora.labelled.classes))
        begin, span = done, (1 - _ENCODING_SHARE) * share

        def tell(fraction: float, figures: dict[str, float], begin: float = begin, span: float = span) -> None:
            report(begin + fraction * span, figures)

        histories.append(train_network(network, codes, labels, choose_rows(corpus, recipe), recipe, tell))
        done += span
        logger.info("learnt", extra={"dataset": corpus.name, "accuracy": histories[-1].watched_accuracy[-1]})
    return Learned(network, encoding, encoded, tuple(histories))


def _as_classes(corpus: Corpus, classes: int) -> NDArray[np.int8]:
    """Return labels as columns of a network with ``classes`` outputs: the ends stay the ends."""
    return corpus.labels if len(corpus.classes) == classes else (corpus.labels * 2).astype(np.int8)
