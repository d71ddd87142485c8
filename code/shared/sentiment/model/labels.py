"""Labels, the score, and the one rule that turns class probabilities into both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

Label = Literal["NEGATIVE", "NEUTRAL", "POSITIVE"]
NEGATIVE: Final = "NEGATIVE"
NEUTRAL: Final = "NEUTRAL"
POSITIVE: Final = "POSITIVE"
TWO_CLASSES: Final[tuple[Label, ...]] = (NEGATIVE, POSITIVE)
THREE_CLASSES: Final[tuple[Label, ...]] = (NEGATIVE, NEUTRAL, POSITIVE)


class Thresholds(NamedTuple):
    """Edges of the NEUTRAL band of a two-class release, in score units from 0 to 1."""

    negative_to: float = 0.4
    positive_from: float = 0.7


class Prediction(NamedTuple):
    """What serve answers for one text: the label, and P(positive) + P(neutral)/2 as the score."""

    label: Label
    score: float


def to_prediction(probabilities: Sequence[float], thresholds: Thresholds) -> Prediction:
    """Turn class probabilities into a label and a score.

    ``probabilities`` has two entries (negative, positive) or three (negative, neutral, positive), summing to 1.
    Three classes: label = argmax. Two classes: NEGATIVE up to ``negative_to``, POSITIVE from ``positive_from``,
    NEUTRAL between. The score is rounded to five decimals, so that every reader stores and shows the same number.
    """
    if len(probabilities) == len(THREE_CLASSES):
        negative, neutral, positive = probabilities
        score = round(float(positive) + float(neutral) / 2, 5)
        return Prediction(THREE_CLASSES[max(range(3), key=(negative, neutral, positive).__getitem__)], score)
    score = round(float(probabilities[1]), 5)
    return Prediction(band_label(score, thresholds), score)


def band_label(score: float, thresholds: Thresholds) -> Label:
    """Label of a two-class score by the NEUTRAL band."""
    if score <= thresholds.negative_to:
        return NEGATIVE
    return POSITIVE if score >= thresholds.positive_from else NEUTRAL
