"""What train reads from the environment, once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pydantic import Field, SecretStr, field_validator, model_validator

from libs.dataset import parse_address, parse_datasets
from sentiment.errors import ConfigurationError
from sentiment.service.settings import AppSettings, require_token_beyond_loopback
from sentiment.store import STORE_EXAMPLES, open_store


class TrainSettings(AppSettings):
    """Addresses, token and the gate's tolerance; hyperparameters are the recipe's (``libs.values.recipe``)."""

    port: int = Field(8081, ge=1, le=65535, description="Port to listen on.", examples=["8081"])
    store_url: str = Field(
        description=f"Where releases, runs and data sets live: {STORE_EXAMPLES}.", examples=["file:///srv/store"]
    )
    dataset_url: str = Field(
        description="Labelled texts to learn from: sample, sentiment140, store:datasets/x.csv, file://, s3://, https:// "
        "or a SQL address with ?query=; two stages as distant=<url> labelled=<url>. "
        "Columns can be named: <url>#text=body&label=stars.",
        examples=["sample"],
    )
    exclude_url: str | None = Field(
        None,
        description="A data set whose texts are kept out of training and evaluation (rows replayed in a demo, say).",
        examples=["file:///srv/replay.csv.gz"],
    )
    train_token: SecretStr | None = Field(
        None,
        description="Bearer token for every call that changes something, GET /train included.",
        examples=["$(openssl rand -hex 32)"],
    )
    allow_open: bool = Field(
        default=False, description="1 lets train listen beyond loopback without TRAIN_TOKEN.", examples=["1"]
    )
    workers: int = Field(2, ge=1, le=16, description="Web worker processes; training never runs in them.")
    languages: str = Field(
        "en", pattern=r"^[a-z]{2,3}(,[a-z]{2,3})*$", description="Languages of the data set, comma-separated."
    )
    gate_tolerance: float = Field(
        0.005,
        ge=0,
        le=0.5,
        description="How much accuracy a new release may lose against the current one, on the same held-out rows, "
        "and still be promoted.",
        examples=["0.005"],
    )
    mlflow_tracking_uri: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9+.-]*://",
        description="MLflow that records parameters, metrics, plots and releases: a server, a SQLite file, or GitLab's "
        "https://gitlab.example.com/api/v4/projects/<id>/ml/mlflow with a token in MLFLOW_TRACKING_TOKEN; unset = off. "
        "Needs build/requirements-experiments.txt.",
        examples=["sqlite:////srv/mlflow.db"],
    )

    @field_validator("store_url")
    @classmethod
    def _require_store(cls, url: str) -> str:
        _refuse(open_store, url)
        return url

    @field_validator("dataset_url")
    @classmethod
    def _require_datasets(cls, url: str) -> str:
        _refuse(parse_datasets, url)
        return url

    @field_validator("exclude_url")
    @classmethod
    def _require_source(cls, url: str | None) -> str | None:
        if url is not None:
            _refuse(parse_address, url)
        return url

    @model_validator(mode="after")
    def _require_token(self) -> TrainSettings:
        check = partial(
            require_token_beyond_loopback, token=self.train_token, variable="TRAIN_TOKEN", allow_open=self.allow_open
        )
        _refuse(check, self.host)
        return self


def _refuse(check: Callable[[str], object], value: str) -> None:
    # pydantic reports ValueErrors with the field's name and example; ours would pass through it unseen.
    try:
        check(value)
    except ConfigurationError as error:
        raise ValueError(error.detail) from None
