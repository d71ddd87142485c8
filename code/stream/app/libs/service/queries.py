"""Query parameters of the API: read, bounded, and refused with a sentence that names the parameter."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from libs.results import ResultsQuery
from libs.results.periods import choose_bucket_seconds
from libs.values.times import parse_date
from sentiment.errors import PermanentError
from sentiment.model.labels import Label
from sentiment.service.http.contract import Parameters

_LABELS: Final = get_args(Label)
_LONGEST_MINUTES: Final = 60 * 24 * 366 * 20
_MOST_BUCKETS: Final = 2000
_BEFORE = re.compile(r"([^#]{4,40})(#.{1,255})?", re.DOTALL)


def _read_number(name: str, default: int, least: int, most: int) -> BeforeValidator:
    """Return a validator that reads a whole number within its bounds; nothing sent means ``default``."""

    def read(sent: str) -> int:
        text = sent or str(default)
        if not text.isascii() or not text.isdigit() or not least <= int(text[:12]) <= most:
            raise PermanentError(f"{name} must be a number from {least} to {most}", code="bad_parameter")
        return int(text)

    return BeforeValidator(read)


def _read_label(sent: str) -> str:
    label = sent.upper()
    if label and label not in _LABELS:
        raise PermanentError(f"sentiment must be one of {', '.join(sorted(_LABELS))}", code="bad_parameter")
    return label


def _read_before(text: str) -> str:
    if not text:
        return ""
    match = _BEFORE.fullmatch(text)
    try:
        return parse_date(match[1]) + (match[2] or "") if match else parse_date(text)
    except PermanentError as error:
        raise PermanentError(f"before: {error.detail}", code="bad_parameter") from None


class TopicQuery(Parameters):
    """Posts of one topic, or all."""

    topic: str = Field(default_factory=str, description="Only posts of this topic.")


class LabelledQuery(TopicQuery):
    """Posts of one topic and one label, or all."""

    sentiment: Annotated[
        str, BeforeValidator(_read_label), WithJsonSchema({"type": "string", "enum": list(_LABELS)})
    ] = Field(default_factory=str, description="Only posts with this label.")


class TweetsQuery(LabelledQuery):
    """One page of posts."""

    before: Annotated[str, BeforeValidator(_read_before)] = Field(
        default_factory=str,
        description="Only posts older than this date, or than `<date>#<id>` as `next_before` gives it.",
    )
    limit: Annotated[int, _read_number("limit", 50, 1, 500)] = Field(50, ge=1, le=500, description="Most to answer.")

    @property
    def results_query(self) -> ResultsQuery:
        """The same for a results store."""
        return ResultsQuery(topic=self.topic, sentiment=self.sentiment, before=self.before, limit=self.limit)


class PeriodQuery(Parameters):
    """A length of time: a day when nothing is said."""

    minutes: Annotated[int, _read_number("minutes", 24 * 60, 1, _LONGEST_MINUTES)] = Field(
        24 * 60,
        ge=1,
        le=_LONGEST_MINUTES,
        description="Length of the period; it ends now, or with the newest post where that is older than a day.",
    )


class ExportQuery(PeriodQuery, LabelledQuery):
    """Which posts to export."""


class SummaryQuery(PeriodQuery, TopicQuery):
    """Which posts to count, and how finely."""

    bucket_seconds: Annotated[int, _read_number("bucket_seconds", 0, 0, _LONGEST_MINUTES * 60)] = Field(
        0,
        ge=0,
        le=_LONGEST_MINUTES * 60,
        description=f"Length of a bucket; 0 or nothing chooses one. At most {_MOST_BUCKETS:,} buckets.",
    )

    @model_validator(mode="after")
    def _require_few_buckets(self) -> Any:
        if self.bucket_seconds and self.minutes * 60 / self.bucket_seconds > _MOST_BUCKETS:
            raise PermanentError(
                f"bucket_seconds={self.bucket_seconds} makes over {_MOST_BUCKETS} buckets of {self.minutes} minutes",
                code="bad_parameter",
            )
        return self

    @property
    def bucket_length_seconds(self) -> int:
        """The length asked for, else one that makes about 60 buckets."""
        return self.bucket_seconds or choose_bucket_seconds(self.minutes)


class ListQuery(Parameters):
    """How many to show."""

    limit: Annotated[int, _read_number("limit", 100, 1, 1000)] = Field(
        100, ge=1, le=1000, description="Most to answer."
    )
