"""The connection to the user database: opened at first use, so that serve starts without it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError

from sentiment.errors import TransientError
from sentiment.service.migrations import migrate

logger = logging.getLogger(__name__)

MIGRATIONS: Final = Path(__file__).parent / "migrations"
VERSION_TABLE: Final = "accounts_version"
_TIMEOUTS: Final[dict[str, dict[str, Any]]] = {
    "sqlite": {"timeout": 5},
    "postgresql+psycopg": {"connect_timeout": 3},
    "mysql+pymysql": {"connect_timeout": 3, "read_timeout": 10, "write_timeout": 10},
}
"""The supported drivers; seconds."""


def require_users_url(url: str) -> None:
    """Raise ``ValueError`` when ``url`` names no database that serve has a driver for."""
    try:
        known = make_url(url).drivername in _TIMEOUTS
    except ArgumentError:
        known = False
    if not known:
        msg = "must be sqlite:////file.db, postgresql+psycopg://… or mysql+pymysql://…"
        raise ValueError(msg)


class UserDatabase:
    """One engine per worker; its tables are brought up to date at first use."""

    def __init__(self, url: str) -> None:
        """Nothing is connected yet."""
        self._engine = _open_engine(url)
        self._ready = False
        self._migrating = threading.Lock()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that is committed at the end.

        Raises ``TransientError("users_down")`` when the database fails; an ``IntegrityError`` is the caller's to
        understand.
        """
        try:
            self.migrate()
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise _users_down(type(error.__cause__ or error).__name__) from error

    def migrate(self) -> None:
        """Bring the tables up to date, once; errors as ``begin`` raises them."""
        with self._migrating:
            if self._ready:
                return
            try:
                migrate(self._engine, MIGRATIONS, version_table=VERSION_TABLE)
            except TransientError as error:
                logger.warning("the user database cannot be used", extra={"code": error.code, "detail": error.detail})
                raise _users_down(error.code) from error
            self._ready = True

    def close(self) -> None:
        """Close the connections that wait for their next use."""
        self._engine.dispose()


def _users_down(cause: str) -> TransientError:
    # Never the error's own text, which may hold the database's address and password.
    return TransientError(f"the user database fails ({cause})", code="users_down", retry_after_seconds=2)


def _open_engine(url: str) -> Engine:
    parsed = make_url(url)
    options = _TIMEOUTS[parsed.drivername]
    engine = create_engine(
        parsed,
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=45,
        pool_timeout=5,
        pool_recycle=1800,
        connect_args=options,
    )
    if parsed.drivername == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # WAL lets readers and one writer work side by side; NORMAL loses at most the last moments in a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
