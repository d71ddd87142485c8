"""The evaluation report: frozen types from the evaluation to ``report.json``, the HTML pages and the plots.

Field names are what the code reads; where ``report.json`` has another key, kept because stored reports have it, the
field names it as its alias.
"""

from __future__ import annotations

import json
import math
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sentiment.errors import ReleaseError

Point = tuple[float, ...]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


def _stored_as(key: str, **more: Any) -> Any:
    # Not ``alias``: type checkers take it for the name of the constructor's parameter, and "class" can be none.
    return Field(validation_alias=key, serialization_alias=key, **more)


class Figure(_Frozen):
    """A measured value with the ends of its 95 % interval; all three are NaN where there was nothing to measure."""

    value: float
    low: float
    high: float

    @field_validator("*", mode="before")
    @classmethod
    def _read_null(cls, value: Any) -> Any:
        return math.nan if value is None else value  # strict JSON has no NaN and writes null


class RowCounts(_Frozen):
    """How many rows the run trained on (validation rows included) and how many it is evaluated on."""

    training: int
    held_out: int


class ClassReport(_Frozen):
    """The held-out rows of one class: precision, recall, F1, and the shares of them predicted as each class."""

    class_name: str = _stored_as("class")
    rows: int
    precision: Figure
    recall: Figure
    f1: Figure
    predicted_as: dict[str, Figure] = _stored_as("taken_for")


class Curve(_Frozen):
    """One class against the rest: ``points`` are [x, y, low, high], ``area`` is the area under them."""

    class_name: str = _stored_as("class")
    area: Figure
    points: tuple[Point, ...]


class Curves(_Frozen):
    """``calibration`` holds [predicted, observed, share of rows, low, high] for each bin that has rows."""

    roc: tuple[Curve, ...] = ()
    precision_recall: tuple[Curve, ...] = ()
    calibration: tuple[Point, ...] = ()


class SliceReport(_Frozen):
    """The figures of one kind of held-out row."""

    slice: str
    rows: int
    accuracy: Figure
    macro_recall: Figure
    macro_f1: Figure
    ece: Figure


class LearningCurve(_Frozen):
    """One stage of training, epoch by epoch; ``validation_intervals`` are the [low, high] of each accuracy."""

    loss: tuple[float, ...]
    validation_loss: tuple[float, ...] = _stored_as("watched_loss")
    validation_accuracy: tuple[float, ...] = _stored_as("watched_accuracy")
    validation_rows: int = _stored_as("watched_rows", default=0)  # reports of earlier releases lack these two
    validation_intervals: tuple[tuple[float, float], ...] = _stored_as("watched_intervals", default=())


class DataRows(_Frozen):
    """What became of the rows of a data set; ``kept`` of them are left, ``held_out`` of those are not trained on."""

    rows: int
    empty: int
    excluded: int
    duplicates: int
    conflicting: int
    unreadable: int
    kept: int
    held_out: int


class LengthHistogram(_Frozen):
    """Each label's texts by length in characters; the last bin is open."""

    edges: tuple[int, ...]
    counts: dict[str, tuple[int, ...]]


class LabelWords(_Frozen):
    """A label's most frequent words, with the share of its texts that hold them, and its most characteristic ones."""

    frequent: tuple[tuple[str, float], ...]
    characteristic: tuple[str, ...] = _stored_as("telling")


class DataReport(_Frozen):
    """What one data set is like; ``characters`` are percentiles of the cleaned texts' lengths."""

    name: str
    sha256: str
    columns: str
    rows: DataRows
    labels: dict[str, int]
    characters: dict[str, int]
    lengths: LengthHistogram
    topics: dict[str, int]
    words: dict[str, LabelWords]


class PeerReport(_Frozen):
    """A simpler model trained on the same rows; ``ahead`` is by how much the network is ahead of it in ``measure``."""

    name: str
    rows: int
    seconds: float
    accuracy: Figure
    macro_recall: Figure
    measure: str
    ahead: Figure


class BrokenCase(_Frozen):
    """Two texts that the model orders wrongly; with ``within``, two whose scores differ by more than that."""

    higher: str
    lower: str
    within: float | None


class BehaviourReport(_Frozen):
    """One kind of behavioural test: ``holds`` is None when too few of its cases could be asked."""

    kind: str
    asks: str
    cases: int
    held: int
    holds: bool | None
    broken: tuple[BrokenCase, ...]


class Report(_Frozen):
    """Everything that the evaluation found; ``must_hold`` and ``warnings`` are added once the network is exported."""

    classes: tuple[str, ...]
    rows: RowCounts
    metrics: dict[str, Figure]
    confusion: tuple[tuple[int, ...], ...]
    by_class: tuple[ClassReport, ...]
    curves: Curves
    slices: tuple[SliceReport, ...]
    histories: dict[str, LearningCurve]
    data: tuple[DataReport, ...]
    peer: PeerReport
    must_hold: tuple[BehaviourReport, ...] = ()
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``report.json``."""
        return self.model_dump(by_alias=True)


def parse_report(data: bytes | str) -> Report:
    """Read a ``report.json``; ``ReleaseError("bad_report")`` names the first value that is missing or wrong."""
    try:
        return Report.model_validate(json.loads(data))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ReleaseError(f"report.json: {where}: {first['msg']}", code="bad_report") from None
    except ValueError as error:
        raise ReleaseError(f"report.json is not JSON: {error}", code="bad_report") from None
