"""What the routes of predictions take and answer, and what the description says of serve as a whole."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from libs.predict.question import LONGEST_TEXT, MOST_TEXTS
from sentiment.model.labels import Label
from sentiment.service.http.contract import Body, Contract, Parameters
from sentiment.service.http.models import Moment, Ready

CONTRACT: Final = Contract(
    title="sentiment: serve",
    description=(
        "How does a text feel? NEGATIVE, NEUTRAL or POSITIVE, with a score from 0 to 1. Every answer echoes or makes an "
        "`X-Request-ID`; every error is `application/problem+json`."
    ),
    security_schemes={
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "From `POST /auth/token`; only when accounts are on.",
        },
        "apiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "From `POST /auth/keys`; only when accounts are on.",
        },
    },
)


class PredictQuery(Parameters):
    """How to answer."""

    explain: Literal["true", "false", "1", "0"] = Field("false", description="Add `words`: what each word added.")


class PredictHeaders(Parameters):
    """How long the caller waits."""

    deadline: int = Field(
        default_factory=int,
        alias="X-Request-Deadline-Ms",
        ge=0,
        le=999_999_999_999_999,
        description=(
            "Milliseconds the caller will wait, counted from the request's arrival, or (from 10^12 on) a Unix time in "
            "milliseconds. A request whose deadline passes before its work begins is not computed."
        ),
    )


class Question(BaseModel):
    """One text or many."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["text"]}, {"required": ["texts"]}]})

    text: str = Field(default_factory=str, max_length=LONGEST_TEXT)
    texts: list[Any] = Field(
        default_factory=list,
        max_length=MOST_TEXTS,
        description=(
            "Strings of up to 10,000 characters; other rows get an error in their place. With `explain=true` at most 32."
        ),
    )


QUESTION: Final = Body(
    Question,
    examples={"single": {"text": "I love it"}, "batch": {"texts": ["I love it", "this is awful"]}},
)


class WordWeight(BaseModel):
    """What one word added to the score."""

    word: str
    weight: float = Field(
        description=(
            "What the word added to log(P(positive)/P(negative)): above 0 it speaks for POSITIVE. The sum of `exact` and "
            "`approximate`."
        )
    )
    exact: float = Field(
        description=(
            "Its part of what the network's linear path adds up for this text: the word, its letters, and its equal share "
            "of each pair and triple of words. Over all words of a text that is the whole of that path."
        )
    )
    approximate: float = Field(
        description="Its part of what the deep path makes of the words together, estimated by leaving the word out."
    )


class Prediction(BaseModel):
    """How one text feels."""

    label: Label
    score: float = Field(ge=0, le=1, description="0 = negative, 1 = positive: P(positive) + P(neutral)/2.")
    words: list[WordWeight] = Field(
        default_factory=list,
        description="With `explain=true`: the first 100 words, fewer of a text that has over 200.",
    )


class RowProblem(BaseModel):
    """Why a row cannot be predicted."""

    code: Literal["text_not_string", "text_too_long"]
    detail: str


class RowError(BaseModel):
    """What stands in the place of a row that cannot be predicted."""

    error: RowProblem


class Batch(BaseModel):
    """The answers to many texts."""

    predictions: list[Prediction | RowError] = Field(description="In the order of `texts`.")
    model_version: str


class Thresholds(BaseModel):
    """Where NEUTRAL begins and ends on the score of a two-class release."""

    negative_to: float
    positive_from: float


class Model(BaseModel):
    """The release that answers now."""

    version: str
    created_at: Moment
    labels: list[Label] = Field(
        description="Classes of the network; two-class releases get NEUTRAL from the thresholds."
    )
    thresholds_source: str
    languages: list[str]
    metrics: dict[str, Any]
    warnings: list[str]
    thresholds: Thresholds


class RefusedRelease(BaseModel):
    """A release that was not let in, and why."""

    version: str
    code: str
    detail: str
    refused_at: Moment


class ServeReady(Ready):
    """Whether this worker can predict: a prediction is made to find out."""

    model_version: str | None
    refused: RefusedRelease | None = Field(description="The current release, when it was not let in.")
    store_problem: str | None = Field(description="Why the store could not be read at the last look.")
