"""What each word added to a score.

The network adds up evidence on a linear path and reads the words in order on a deep one. For the words at hand, what the
linear path adds is a sum, so a word's part of it is computed exactly: that of the word itself, of its letters, and its
equal share of each phrase that it belongs to. What the deep path adds is no sum: there a word's part is estimated by
leaving it out (occlusion, Li et al. 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from libs.predict.network_probe import NetworkProbe, find_known, pad_rows
from libs.predict.question import Question
from sentiment.errors import PermanentError
from sentiment.model.classifier import Classifier
from sentiment.text.cleaning import CleanText
from sentiment.text.encoding import Evidence
from sentiment.text.tokens import tokenize

EXPLAINED_WORDS: Final = 100
_READINGS: Final = 20_000
"""Each weight takes four readings of all the words, so a text of over 200 words gets weights for fewer than 100."""
EXPLAINED_TEXTS: Final = 32


class WordWeight(NamedTuple):
    """What one word added to the log of P(positive)/P(negative): above 0 it is evidence for POSITIVE."""

    word: str
    exact: float
    """On the linear path."""
    approximate: float
    """On the deep path."""


def require_explainable(question: Question) -> None:
    """Refuse a batch whose explanation would keep a slot for seconds: ``PermanentError("too_many_texts")``."""
    if len(question.rows) > EXPLAINED_TEXTS:
        raise PermanentError(
            f"{len(question.rows)} texts; with explain=true at most {EXPLAINED_TEXTS}", code="too_many_texts"
        )


def explain_text(classifier: Classifier, text: CleanText) -> dict[str, Any]:
    """Return ``{"words": [{"word", "weight", "exact", "approximate"}]}``; ``weight`` is the sum of the other two."""
    return {
        "words": [
            {"word": word, "weight": round(exact + approximate, 5), "exact": exact, "approximate": approximate}
            for word, exact, approximate in weigh_words(classifier, text)
        ]
    }


def weigh_words(classifier: Classifier, text: CleanText, most: int = EXPLAINED_WORDS) -> list[WordWeight]:
    """Return what each of the first ``most`` words added."""
    tokens = tokenize(text)
    if not tokens:
        return []
    most = min(most, max(1, _READINGS // len(tokens)))
    probe = NetworkProbe(classifier)
    words = classifier.encoder.encode_tokens([tokens])["words"][0]
    exact = _add_up_linear_path(probe, words, classifier.encoder.list_evidence(tokens), most)
    approximate = _leave_out_words(probe, words, most)
    return [
        WordWeight(token, round(float(linear), 5), round(float(deep), 5))
        for token, linear, deep in zip(tokens, exact, approximate, strict=False)
    ]


def _add_up_linear_path(
    probe: NetworkProbe, words: NDArray[np.int32], evidence: Sequence[Evidence], most: int
) -> NDArray[np.float64]:
    # The path's sum is divided by the root of how many features the network knows; one item alone, by that of its own.
    features = np.concatenate([item.features for item in evidence])
    starts = np.cumsum([0, *(len(item.features) for item in evidence[:-1])])
    counts = np.add.reduceat(np.isin(features, find_known(probe, features)), starts, dtype=np.int64)
    shown = [item for item in evidence if item.words.start < most]
    alone = probe.measure(words, pad_rows([item.features for item in shown])) - probe.measure(words)
    parts = alone * np.sqrt(np.maximum(counts[: len(shown)], 1) / max(counts.sum(), 1))
    added = np.zeros(len(words))
    for item, part in zip(shown, parts, strict=True):
        added[item.words.start : item.words.stop] += part / len(item.words)
    return added[:most]


def _leave_out_words(probe: NetworkProbe, words: NDArray[np.int32], most: int) -> NDArray[np.float64]:
    places = range(min(len(words), most))
    without = pad_rows([np.delete(words, place) for place in places])
    whole: NDArray[np.float64] = probe.measure(words)
    return whole - probe.measure(without)
