"""The user database: opened late, so that serve starts without it, and its failures told apart from ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, InterfaceError, SQLAlchemyError

from libs.accounts.tables import metadata
from sentiment.errors import TransientError

USERS_EXAMPLE: Final = "sqlite:////var/lib/sentiment/users.db"
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


class Database:
    """One engine per worker; its tables are made at first use."""

    def __init__(self, url: str) -> None:
        """Nothing is connected yet."""
        self._engine = _open_engine(url)
        self._ready = False
        self._making = threading.Lock()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that is committed at the end.

        Raises ``TransientError("users_down")`` when the database fails; an ``IntegrityError`` is the caller's to
        understand.
        """
        try:
            self._make_tables()
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            kind = type(error.__cause__ or error).__name__  # the text may hold the address with its password
            raise TransientError(
                f"the user database fails ({kind})", code="users_down", retry_after_seconds=2
            ) from error

    def close(self) -> None:
        """Close the connections that wait for their next use."""
        self._engine.dispose()

    def _make_tables(self) -> None:
        if self._ready:
            return
        with self._making:
            try:
                metadata.create_all(self._engine)
            except (DatabaseError, InterfaceError):
                metadata.create_all(self._engine)  # another worker made a table between our look and our try
            self._ready = True


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
