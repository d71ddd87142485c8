"""What stream's routes take and answer, and what the description says of stream as a whole."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentiment.model.labels import Label
from sentiment.service.http.contract import Contract, Operation, Parameters, text
from sentiment.service.http.models import Moment, Ready

CONTRACT: Final = Contract(
    title="sentiment: stream",
    description=(
        "Posts read without end, scored and stored. Every answer echoes or makes an `X-Request-ID`; every error is "
        "`application/problem+json`."
    ),
    security_schemes={"bearer": {"type": "http", "scheme": "bearer", "description": "STREAM_TOKEN."}},
    others={"/": Operation("page", "The live page", (text(200, "The page.", "text/html"),))},
)
Count = Annotated[int, Field(ge=0)]
Score = Annotated[float, Field(ge=0, le=1)]


class Closed(BaseModel):
    """An answer with no other fields than these."""

    model_config = ConfigDict(extra="forbid")


class Tweet(Closed):
    """A stored post."""

    id: str = Field(description="X's own id, `bluesky:<did>/<rkey>`, or the replayed file's.")
    user: str = Field(description="Name, else author id, else `unknown`.")
    sentiment: Label
    score: Score = Field(description="0 negative, 1 positive.")
    twitter_raw: str
    twitter_clean: str = Field(description="What was sent to serve.")
    data: Moment = Field(description="The post's date, UTC.")
    source: Literal["replay", "x", "bluesky"]
    topics: list[str]
    lang: str
    model_version: str
    analyzed_at: Moment


class Tweets(BaseModel):
    """A page of posts."""

    tweets: list[Tweet]
    next_before: str | None = Field(description="Send it as `before` for the next page.")


class LabelCount(BaseModel):
    """How many posts have one label, and their share of all."""

    count: Count
    share: Score | None


class LabelCounts(BaseModel):
    """The labels side by side."""

    NEGATIVE: LabelCount
    NEUTRAL: LabelCount
    POSITIVE: LabelCount


class Totals(BaseModel):
    """The numbers of one period; null where there is nothing to divide by."""

    posts: Count
    mean_score: Score | None
    labels: LabelCounts


class LabelChanges(BaseModel):
    """Differences of shares."""

    NEGATIVE: float | None
    NEUTRAL: float | None
    POSITIVE: float | None


class Change(BaseModel):
    """What changed against the period before; null without both periods."""

    posts: float | None = Field(description="Ratio minus 1.")
    mean_score: float | None
    labels: LabelChanges


class Bucket(BaseModel):
    """The posts of one stretch of the period, by label."""

    start: Moment
    NEGATIVE: Count
    NEUTRAL: Count
    POSITIVE: Count
    mean_score: float


class TopicTotals(Totals):
    """The numbers of one topic."""

    topic: str
    change: Change


class LanguageCount(BaseModel):
    """How many posts were in one language; null stands for an unknown one."""

    lang: str | None
    scored: Count
    skipped: Count


class Summary(Totals):
    """The numbers of a period and of the one before."""

    topic: str | None
    since: Moment
    until: Moment
    bucket_seconds: int = Field(ge=1)
    previous: Totals
    change: Change
    buckets: list[Bucket]
    topics: list[TopicTotals]
    languages: list[LanguageCount]


class Gap(Closed):
    """A time in which posts may have been missed."""

    id: str
    source: str
    started_at: Moment
    ended_at: Moment | None = Field(description="null while the gap is open.")
    reason: str
    recovered: bool = Field(description="Whether the source could give afterwards what came meanwhile.")
    detail: str


class Gaps(BaseModel):
    """Gaps, newest first."""

    gaps: list[Gap]


class DeadLetter(Closed):
    """What could not be read, scored or stored."""

    id: str
    source: str
    position: str
    reason: str
    detail: str
    original: str = Field(description="As text; bytes that are not UTF-8 replaced.")
    died_at: Moment
    original_base64: str = Field(json_schema_extra={"contentEncoding": "base64"})


class DeadLetters(BaseModel):
    """Dead letters, newest first."""

    dead_letters: list[DeadLetter]


class DeadLetterPath(Parameters):
    """Which dead letter."""

    id: str


class Queued(BaseModel):
    """A dead letter that lies in the spool once more."""

    id: str
    status: Literal["queued"]


class Progress(BaseModel):
    """How far the source is read and the spool worked off; null where this role cannot know."""

    read: int | None = Field(description="Rows the source gave, unreadable ones included.")
    source_finished: bool | None
    spooled: Count
    finished: bool | None = Field(description="The source has ended and all it gave is stored or a dead letter.")
    stored: Count
    dead_letters: Count
    skipped: Count = Field(description="Posts in languages that are not scored.")
    removed: Count = Field(description="Posts that were deleted or edited away.")


class StreamReady(Ready):
    """Whether everything that this role depends on works. Nothing is lost while it does not."""

    role: Literal["all", "ingest", "analyze"]
