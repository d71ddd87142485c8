"""The SQL database behind the results: its engine, its transactions, its migrations, and its errors in this product's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import OperationalError
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url

from sentiment.errors import ConfigurationError, PermanentError, TransientError
from sentiment.service.clock import WallClock
from sentiment.service.migrations import migrate
from sentiment.service.retry import Backoff, retry

MIGRATIONS: Final = Path(__file__).parent / "migrations"
VERSION_TABLE: Final = "results_version"
_BUSY_MILLISECONDS: Final = 30_000
_SWITCHING: Final = Backoff(first_seconds=0.02, longest_seconds=0.5)


class Database:
    """Raises ``TransientError("results_down")`` when it fails, ``PermanentError("result_refused")`` when it refuses a value."""

    def __init__(self, url: str) -> None:
        """Make the engine; nothing is opened yet. ``ConfigurationError`` when the address is malformed."""
        self._engine = _create_engine(url)
        self._name = self._engine.url.render_as_string(hide_password=True)

    def migrate(self) -> None:
        """Bring the tables to this version's schema; see ``sentiment.service.migrations.migrate`` for what it refuses."""
        path = self._engine.url.database
        with self._translated():
            if self._engine.dialect.name == "sqlite" and path:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            migrate(self._engine, MIGRATIONS, version_table=VERSION_TABLE)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection to read with."""
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that is committed at the end."""
        with self._translated(), self._engine.begin() as connection:
            if self._engine.dialect.name == "sqlite":
                # Taking the write lock at once: a reader that becomes a writer half-way cannot wait for it in WAL mode.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def close(self) -> None:
        """Close pooled connections."""
        self._engine.dispose()

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
    retry(lambda: _begin_log(connection), WallClock(), _SWITCHING, tries=20)
    for pragma in ("synchronous=FULL", f"busy_timeout={_BUSY_MILLISECONDS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_log(connection: Any) -> None:
    """Switch to a write-ahead log. SQLite waits for no other process here: of several that open a new file, one may."""
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except OperationalError as error:
        if "locked" not in str(error):
            raise
        raise TransientError(f"SQLite fails: {error}", code="results_down") from error


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).split("\n", 1)[0][:300]
