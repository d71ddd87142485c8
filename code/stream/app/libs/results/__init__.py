"""Where results are kept: one interface, two implementations (SQL, DynamoDB), chosen by ``RESULTS_URL``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypedDict

from libs.values.position import Position
from libs.values.result import Result, ResultBatch
from libs.values.tweet import DeadLetter, Gap

Order = Literal["newest", "most_negative"]


class ResultsQuery(NamedTuple):
    """Which results to read. Times are compared with ``data``: ``since`` included, ``before`` not.

    ``before`` may be ``<date>#<id>``: of the posts with that very date only those with a lesser id.
    """

    topic: str = ""
    sentiment: str = ""
    since: str = ""
    before: str = ""
    limit: int = 50
    order: Order = "newest"


class BucketCount(NamedTuple):
    """How many posts of one label fell into one bucket of time, and the sum of their scores."""

    start: str
    sentiment: str
    posts: int
    score_sum: float


class TopicCount(NamedTuple):
    """How many posts of one label are about a topic, and the sum of their scores."""

    topic: str
    sentiment: str
    posts: int
    score_sum: float


class LanguageCount(NamedTuple):
    """How many posts in one language were scored and how many only counted; an empty code where none was given."""

    lang: str
    scored: int
    skipped: int


class StoredCounts(TypedDict):
    """How many of each there are in the whole store; ``removed``: posts whose newest known version is their removal."""

    stored: int
    dead_letters: int
    skipped: int
    removed: int


class Results(Protocol):
    """Idempotent by id: the same (id, model_version) again changes nothing, a newer model overwrites, an older never.

    Every method raises ``TransientError("results_down")`` when the store cannot be reached for now, and ``store``
    ``PermanentError("result_refused")`` when it never will take something in the batch.
    """

    def prepare(self) -> None:
        """Make the tables that are missing and bring older ones up to date; any number of processes may at once.

        Raises ``TransientError`` with the codes ``schema_newer`` and ``schema_denied`` for tables that a newer version has
        changed, and for those that the database user may not change.
        """

    def store(self, batch: ResultBatch) -> None:
        """Keep the batch so that it survives a crash. Removed posts are deleted, and not stored again when they come late."""

    def read(self, query: ResultsQuery) -> list[Result]:
        """Return matching results in the query's order."""

    def read_by_id(self, ids: Sequence[str]) -> dict[str, Result]:
        """Return those of the ids that are stored."""

    def count_over_time(self, topic: str, since: str, before: str, bucket_seconds: int) -> list[BucketCount]:
        """Return counts by bucket and label; ``topic`` empty = all posts, each once."""

    def count_topics(self, since: str, before: str) -> list[TopicCount]:
        """Return counts by topic and label; a post counts in each of its topics."""

    def count_languages(self, since: str, before: str) -> list[LanguageCount]:
        """Return counts by language, the most frequent first."""

    def count_all(self) -> StoredCounts:
        """Return how many of each there are. May take long."""

    def count_dead_letters(self) -> int:
        """Return how many dead letters there are, soon."""

    def read_newest_date(self) -> str:
        """Return the date of the newest post, or nothing when there is none."""

    def read_newest_version(self) -> str:
        """Return the newest model version that scored a stored result, or nothing when there is none."""

    def read_gaps(self, limit: int) -> list[Gap]:
        """Return gaps, newest first."""

    def read_dead_letters(self, limit: int) -> list[DeadLetter]:
        """Return dead letters, newest first."""

    def read_dead_letter(self, letter: str) -> DeadLetter | None:
        """Return one dead letter."""

    def read_position(self, key: str) -> Position:
        """Return a source's position, for a spool that cannot keep it itself."""

    def write_position(self, key: str, position: Position) -> None:
        """Keep a source's position."""

    def read_outdated(self, model_version: str) -> Iterator[Result]:
        """Yield each result of a model older than ``model_version`` once, in an order of the store's own."""

    def prune(self, before: str) -> int:
        """Delete what is from before a moment (nothing when it is empty) and return how many results went.

        Results go by their analysis, dead letters by their death, skipped posts by their date; gaps are kept.

        Forgets versions of edited and removed posts that nothing can bring up again.
        """

    def check(self) -> None:
        """Prove that the store can be written; raises what stands in the way."""

    def close(self) -> None:
        """Release connections."""


def open_results(url: str, retention_days: int = 0, *, many_writers: bool = True) -> Results:
    """Return the results store that ``url`` names.

    ``many_writers=False`` promises that no other process stores new posts at the same time (a folder spool's lock sees to
    that); DynamoDB can then write them in batches, which take no conditions.
    """
    if url.startswith("dynamodb://"):
        from libs.results.dynamodb.store import DynamoResults

        return DynamoResults(url.removeprefix("dynamodb://").strip("/"), retention_days, many_writers=many_writers)
    from libs.results.sql.store import SqlResults

    return SqlResults(url)


def as_record(result: Result) -> dict[str, Any]:
    """Return a result as the JSON object that the API shows."""
    return {**result._asdict(), "topics": list(result.topics)}
