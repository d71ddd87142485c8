"""The answers that all three apps give in the same words: health, readiness, problems."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-11-21T07:30:00.000Z"])]
"""A time as ISO 8601 with its zone."""


class Health(BaseModel):
    """The process is alive, and which build it is."""

    model_config = ConfigDict(frozen=True)

    status: Literal["ok"]
    app: str = Field(
        description="Which of the three apps this is.", json_schema_extra={"enum": ["train", "serve", "stream"]}
    )
    version: str
    commit: str
    uptime_seconds: float = Field(ge=0)


class Ready(BaseModel):
    """Whether requests may be sent here; an app adds fields of its own."""

    model_config = ConfigDict(frozen=True)

    ready: bool
    reasons: list[str] = Field(description="What stands in the way; empty when it is ready.")


class Problem(BaseModel):
    """An error by RFC 9457."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="`urn:sentiment:problem:` and the code.")
    title: str
    status: int
    detail: str = Field(description="One sentence for people.")
    code: str = Field(description="For programs: one word for each cause.")
    request_id: str
