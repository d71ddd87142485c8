"""Results in SQLite, PostgreSQL or MySQL: the connection, its errors, and the interface."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, delete, event, exc, func, make_url, select

from libs.results import Batch, Bucket, Question, Result
from libs.results.sql import reads, writes
from libs.results.sql.schema import DEAD_LETTERS, METADATA, POSITIONS, RESULTS
from libs.sources import Position
from libs.values.tweet import DeadLetter, Gap
from sentiment.errors import ConfigurationError, PermanentError, TransientError

_BUSY_MILLISECONDS = 30_000


class SqlResults:
    """See ``libs.results.Results``; one transaction per batch."""

    def __init__(self, url: str) -> None:
        """Make the engine; nothing is opened yet. ``ConfigurationError`` when the address is malformed."""
        self._engine = _create_engine(url)
        self._name = self._engine.url.render_as_string(hide_password=True)

    def prepare(self) -> None:
        """Create tables and indexes that are missing."""
        path = self._engine.url.database
        with self._translated():
            if self._engine.dialect.name == "sqlite" and path:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            METADATA.create_all(self._engine)

    def store(self, batch: Batch) -> None:
        """Write everything in one transaction."""
        with self._writing() as connection:
            writes.write_batch(connection, batch)

    def read(self, question: Question) -> list[Result]:
        """Select by date, topic and label."""
        with self._reading() as connection:
            return reads.read_results(connection, question)

    def read_by_id(self, ids: Sequence[str]) -> dict[str, Result]:
        """Select by key, 500 at a time."""
        with self._reading() as connection:
            return reads.read_by_id(connection, ids)

    def count_over_time(self, topic: str, since: str, before: str, bucket_seconds: int) -> list[Bucket]:
        """Group by the date's leading characters."""
        with self._reading() as connection:
            return reads.count_over_time(connection, topic, since, before, bucket_seconds)

    def count_topics(self, since: str, before: str) -> list[tuple[str, str, int, float]]:
        """Group by topic and label."""
        with self._reading() as connection:
            return reads.count_topics(connection, since, before)

    def count_languages(self, since: str, before: str) -> list[tuple[str, int, int]]:
        """Group by language, scored and skipped."""
        with self._reading() as connection:
            return reads.count_languages(connection, since, before)

    def count_all(self) -> dict[str, int]:
        """Count the tables' rows."""
        with self._reading() as connection:
            return reads.count_all(connection)

    def count_dead_letters(self) -> int:
        """Count the table's rows."""
        with self._reading() as connection:
            return int(connection.execute(select(func.count()).select_from(DEAD_LETTERS)).scalar_one())

    def read_newest_date(self) -> str:
        """Read the index's last entry."""
        with self._reading() as connection:
            return reads.read_newest_date(connection)

    def read_newest_version(self) -> str:
        """Read the model index's last entry."""
        with self._reading() as connection:
            return str(connection.execute(select(func.max(RESULTS.c.model_version))).scalar_one() or "")

    def read_gaps(self, limit: int) -> list[Gap]:
        """Select the newest."""
        with self._reading() as connection:
            return reads.read_gaps(connection, limit)

    def read_dead_letters(self, limit: int) -> list[DeadLetter]:
        """Select the newest."""
        with self._reading() as connection:
            return reads.read_dead_letters(connection, limit)

    def read_dead_letter(self, letter: str) -> DeadLetter | None:
        """Select by key."""
        with self._reading() as connection:
            return reads.read_dead_letter(connection, letter)

    def read_position(self, key: str) -> Position:
        """Select by key."""
        with self._reading() as connection:
            row = connection.execute(select(POSITIONS).where(POSITIONS.c.source == key)).first()
        return Position(row.cursor, row.seen_at, row.emitted, bool(row.finished)) if row else Position()

    def write_position(self, key: str, position: Position) -> None:
        """Replace the row."""
        with self._writing() as connection:
            connection.execute(delete(POSITIONS).where(POSITIONS.c.source == key))
            connection.execute(POSITIONS.insert().values(source=key, **position._asdict()))

    def read_outdated(self, model_version: str) -> Iterator[Result]:
        """Select by key, a page at a time, so that no reader holds a transaction open meanwhile."""
        last = ""
        while True:
            with self._reading() as connection:
                page = reads.read_outdated(connection, model_version, last)
            if not page:
                return
            yield from page
            last = page[-1].id

    def prune(self, before: str) -> int:
        """Delete some at a time, so that whoever stores new posts never waits for long."""
        with self._writing() as connection:
            writes.forget_revisions(connection)
        pruned = 0
        for table in writes.PRUNED if before else ():
            while True:
                with self._writing() as connection:
                    deleted = writes.prune_some(connection, table, before)
                pruned += deleted if table is RESULTS else 0
                if deleted < writes.MANY:
                    break
        return pruned

    def check(self) -> None:
        """Make the tables, and a write that changes nothing."""
        self.prepare()
        with self._writing() as connection:
            connection.execute(delete(RESULTS).where(RESULTS.c.id == ""))

    def close(self) -> None:
        """Close pooled connections."""
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._translated(), self._engine.begin() as connection:
            if self._engine.dialect.name == "sqlite":
                # Taking the write lock at once: a reader that becomes a writer half-way cannot wait for it in WAL mode.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (exc.DataError, UnicodeEncodeError) as error:
            raise PermanentError(
                f"{self._name} refuses a value: {_first_line(error)}", code="result_refused"
            ) from error
        except exc.SQLAlchemyError as error:
            raise TransientError(f"{self._name} fails: {_first_line(error)}", code="results_down") from error
        except OSError as error:
            raise TransientError(f"{self._name} fails: {error.strerror}", code="results_down") from error


def _create_engine(url: str) -> Engine:
    try:
        address = make_url(url)
    except exc.ArgumentError:
        raise ConfigurationError("RESULTS_URL is malformed; valid: sqlite:////var/lib/sentiment/results.db") from None
    if address.get_backend_name() == "sqlite":
        engine = create_engine(address, connect_args={"timeout": _BUSY_MILLISECONDS / 1000, "check_same_thread": False})
        event.listen(engine, "connect", _configure_sqlite)
        return engine
    return create_engine(
        address,
        pool_pre_ping=True,
        pool_recycle=1800,
        isolation_level="SERIALIZABLE",
        connect_args={"connect_timeout": 5},
    )


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where this module says, not where the driver guesses
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_BUSY_MILLISECONDS}"):
        connection.execute(f"PRAGMA {pragma}")


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).split("\n", 1)[0][:300]
