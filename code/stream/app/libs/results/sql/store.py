"""Results in SQLite, PostgreSQL or MySQL: the interface over ``writes`` and ``reads``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import delete, func, select

from libs.results import BucketCount, LanguageCount, ResultsQuery, StoredCounts, TopicCount
from libs.results.sql import reads, writes
from libs.results.sql.database import Database
from libs.results.sql.schema import DEAD_LETTERS, POSITIONS, RESULTS
from libs.values.position import Position
from libs.values.result import Result, ResultBatch
from libs.values.tweet import DeadLetter, Gap


class SqlResults:
    """See ``libs.results.Results``; one transaction per batch."""

    def __init__(self, url: str) -> None:
        """Open nothing yet. ``ConfigurationError`` when the address is malformed."""
        self._database = Database(url)

    def prepare(self) -> None:
        """Apply the migrations that the database has not seen."""
        self._database.migrate()

    def store(self, batch: ResultBatch) -> None:
        """Write everything in one transaction."""
        with self._database.writing() as connection:
            writes.write_batch(connection, batch)

    def read(self, query: ResultsQuery) -> list[Result]:
        """Select by date, topic and label."""
        with self._database.reading() as connection:
            return reads.read_results(connection, query)

    def read_by_id(self, ids: Sequence[str]) -> dict[str, Result]:
        """Select by key, 500 at a time."""
        with self._database.reading() as connection:
            return reads.read_by_id(connection, ids)

    def count_over_time(self, topic: str, since: str, before: str, bucket_seconds: int) -> list[BucketCount]:
        """Group by the date's leading characters."""
        with self._database.reading() as connection:
            return reads.count_over_time(connection, topic, since, before, bucket_seconds)

    def count_topics(self, since: str, before: str) -> list[TopicCount]:
        """Group by topic and label."""
        with self._database.reading() as connection:
            return reads.count_topics(connection, since, before)

    def count_languages(self, since: str, before: str) -> list[LanguageCount]:
        """Group by language, scored and skipped."""
        with self._database.reading() as connection:
            return reads.count_languages(connection, since, before)

    def count_all(self) -> StoredCounts:
        """Count the tables' rows."""
        with self._database.reading() as connection:
            return reads.count_all(connection)

    def count_dead_letters(self) -> int:
        """Count the table's rows."""
        with self._database.reading() as connection:
            return reads.count_rows(connection, DEAD_LETTERS)

    def read_newest_date(self) -> str:
        """Read the index's last entry."""
        with self._database.reading() as connection:
            return reads.read_newest_date(connection)

    def read_newest_version(self) -> str:
        """Read the model index's last entry."""
        with self._database.reading() as connection:
            return str(connection.execute(select(func.max(RESULTS.c.model_version))).scalar_one() or "")

    def read_gaps(self, limit: int) -> list[Gap]:
        """Select the newest."""
        with self._database.reading() as connection:
            return reads.read_gaps(connection, limit)

    def read_dead_letters(self, limit: int) -> list[DeadLetter]:
        """Select the newest."""
        with self._database.reading() as connection:
            return reads.read_dead_letters(connection, limit)

    def read_dead_letter(self, letter: str) -> DeadLetter | None:
        """Select by key."""
        with self._database.reading() as connection:
            return reads.read_dead_letter(connection, letter)

    def read_position(self, key: str) -> Position:
        """Select by key."""
        with self._database.reading() as connection:
            row = connection.execute(select(POSITIONS).where(POSITIONS.c.source == key)).first()
        return Position(row.cursor, row.seen_at, row.emitted, bool(row.finished)) if row else Position()

    def write_position(self, key: str, position: Position) -> None:
        """Replace the row."""
        with self._database.writing() as connection:
            connection.execute(delete(POSITIONS).where(POSITIONS.c.source == key))
            connection.execute(POSITIONS.insert().values(source=key, **position._asdict()))

    def read_outdated(self, model_version: str) -> Iterator[Result]:
        """Select by key, a page at a time, so that no reader holds a transaction open meanwhile."""
        last = ""
        while True:
            with self._database.reading() as connection:
                page = reads.read_outdated(connection, model_version, last)
            if not page:
                return
            yield from page
            last = page[-1].id

    def prune(self, before: str) -> int:
        """Delete some at a time, so that writers of new posts never wait for long."""
        with self._database.writing() as connection:
            writes.forget_revisions(connection)
        pruned = 0
        for table in writes.PRUNED if before else ():
            while True:
                with self._database.writing() as connection:
                    deleted = writes.prune_some(connection, table, before)
                pruned += deleted if table is RESULTS else 0
                if deleted < writes.MANY:
                    break
        return pruned

    def check(self) -> None:
        """Bring the tables up to date, and make a write that changes nothing."""
        self.prepare()
        with self._database.writing() as connection:
            connection.execute(delete(RESULTS).where(RESULTS.c.id == ""))

    def close(self) -> None:
        """Close pooled connections."""
        self._database.close()
