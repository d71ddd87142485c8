"""What train's routes take and answer, and what the description says of train as a whole."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import orjson
from flask import request
from pydantic import BaseModel, BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema

from libs.release import parse_moment
from libs.runs.record import Run
from libs.values.recipe import Recipe
from sentiment.errors import PermanentError
from sentiment.model.labels import Label
from sentiment.release.manifest import DatasetEntry
from sentiment.release.promotion import Promotion
from sentiment.service.http.contract import Body, Contract, Parameters, problem
from sentiment.service.http.models import Moment, Problem, Ready

MOST_RUNS: Final = 500
LONGEST_REASON: Final = 500
CONTRACT: Final = Contract(
    title="Sentiment: train",
    description="Turns a labelled data set into a release. The same as the command line: run, promote, rollback, models.",
    version="1",
    security_schemes={"bearer": {"type": "http", "scheme": "bearer"}},
)
GUARDED: Final = ("bearer", "")
UNKNOWN_CALLER: Final = problem(401, "TRAIN_TOKEN is set and was not sent.", "unauthorized")
BAD_JSON: Final = problem(400, "The body cannot be read as JSON.", "not_json", "bad_request")
NOT_JSON_TYPE: Final = problem(415, "The content type is not JSON.", "not_json_type")
TOO_LARGE: Final = problem(413, "Over 1 MiB.", "body_too_large")
STORE_DOWN: Final = problem(503, "The store cannot be reached.", "store_down")


def _require_wait(said: str) -> str:
    if said not in ("true", "false"):  # a scheduler that wrote wait=1 must not take "accepted" for "done"
        raise PermanentError("wait must be true or false", code="bad_wait")
    return said


def _read_limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_RUNS:
        raise PermanentError(f"limit must be a number from 1 to {MOST_RUNS}", code="bad_limit")
    return int(text)


class TrainQuery(Parameters):
    """Whether to wait for the run's end."""

    wait: Annotated[Literal["true", "false"], BeforeValidator(_require_wait)] = Field(
        "false", description="true: answer when the run has ended"
    )


class RunsQuery(Parameters):
    """How many runs to show."""

    limit: Annotated[int, BeforeValidator(_read_limit)] = Field(50, ge=1, le=MOST_RUNS)


class ModelsQuery(Parameters):
    """When a release was live; without it, all releases."""

    at: Annotated[datetime | SkipJsonSchema[None], BeforeValidator(parse_moment)] = Field(
        None, description="ISO 8601 with a time zone"
    )


class RunPath(Parameters):
    """Which run."""

    run_id: str = Field(pattern="^[A-Za-z0-9-]{1,64}$")


class ModelPath(Parameters):
    """Which release."""

    version: str = Field(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")


class ModelFilePath(ModelPath):
    """Which file of which release."""

    name: str


class Overrides(Recipe):
    """What differs from the defaults, for this run only."""

    dataset: str = Field(
        default_factory=str,
        pattern="^datasets/[A-Za-z0-9][A-Za-z0-9._=+-]*(/[A-Za-z0-9][A-Za-z0-9._=+-]*)*$",
        description="A data set inside the store instead of DATASET_URL",
    )


class Reason(BaseModel):
    """Why a person changes what is live."""

    reason: str = Field(default_factory=str, min_length=1, max_length=LONGEST_REASON)


OVERRIDES: Final = Body(Overrides, required=False, examples={"quick": {"epochs": 1, "most_training_rows": 1000}})
REASON: Final = Body(Reason, required=False)


class Accepted(BaseModel):
    """The run that is going on."""

    run_id: str
    status: str
    status_url: str


class RunProblem(Problem):
    """Why the run that a caller waited for did not succeed."""

    run_id: str
    run: Run


class Runs(BaseModel):
    """The newest runs, newest first."""

    runs: list[Run]


class ModelVerdict(BaseModel):
    """What became of a release."""

    version: str
    current: bool
    promoted: bool
    reason: str | None


class ModelSummary(ModelVerdict):
    """A release."""

    created_at: Moment
    labels: list[Label]
    languages: list[str]
    metrics: dict[str, Any]
    datasets: list[DatasetEntry]
    warnings: list[str]
    files: list[str]


class UnreadableModel(ModelVerdict):
    """A release whose manifest cannot be read, and why."""

    error: str


class Models(BaseModel):
    """The live release and the newest hundred, newest first."""

    current: str | None
    models: list[ModelSummary | UnreadableModel]


class LiveModel(Promotion):
    """The promotion that was live at a moment."""

    at: Moment


class TrainReady(Ready):
    """Ready to train: the store answers, and says which release is live."""

    model_version: str | None = Field(default=None, description="Missing when the store does not answer.")


def read_json_object() -> dict[str, Any]:
    """Return the request's body; no body is an empty object.

    Raises ``PermanentError``: ``not_json_type``, ``not_json``, ``bad_recipe`` when it is no object.
    """
    body = request.get_data()
    if not body:
        return {}
    if request.mimetype != "application/json":
        raise PermanentError("send overrides as application/json", code="not_json_type")
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise PermanentError(f"the body is not JSON: {error}", code="not_json") from None
    if not isinstance(given, dict):
        raise PermanentError("the body must be a JSON object of overrides", code="bad_recipe")
    return given
