"""Golden predictions: texts with the answers of a release's trainer, which every reader replays before it serves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from sentiment.errors import ReleaseError
from sentiment.model.labels import Prediction, Thresholds

SCORE_TOLERANCE: Final = 1e-4


class Golden(NamedTuple):
    """A raw text, and what the release's trainer got for it."""

    text: str
    label: str
    score: float


def read_goldens(path: Path, version: str) -> list[Golden]:
    """Read a file of one JSON object a line; ``ReleaseError("bad_golden")`` when it holds anything else, or nothing."""
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        if lines and all(isinstance(line["text"], str) for line in lines):
            return [_make_golden(line) for line in lines]
    except (ValueError, TypeError, KeyError):
        pass
    raise ReleaseError(f"release {version}: {path.name} holds no golden predictions", code="bad_golden")


def require_same_answers(
    goldens: Sequence[Golden], predictions: Sequence[Prediction], thresholds: Thresholds, version: str
) -> None:
    """Refuse a release whose answers here are not its trainer's: ``ReleaseError("golden_differs")``.

    A score may differ by ``SCORE_TOLERANCE``; a label may differ only where the score is that near to a threshold.
    """
    for golden, prediction in zip(goldens, predictions, strict=True):
        near = any(abs(prediction.score - edge) <= SCORE_TOLERANCE for edge in thresholds)
        same_label = prediction.label == golden.label or near
        if not same_label or abs(prediction.score - golden.score) > SCORE_TOLERANCE:
            raise ReleaseError(
                f"release {version}: golden text {golden.text[:40]!r} scores {prediction.score} {prediction.label}, "
                f"its trainer got {golden.score} {golden.label}",
                code="golden_differs",
            )


def _make_golden(line: dict[str, Any]) -> Golden:
    return Golden(line["text"], line["label"], line["score"])
