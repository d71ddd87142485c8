"""Schema migrations of an app's SQL tables, with Alembic, run by the app itself when it starts.

A folder holds one module per migration (``revision``, ``down_revision``, ``upgrade()``). A table in the database names the
newest one that was applied, so a start that has nothing to do reads one row.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from zlib import crc32

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from sentiment.errors import TransientError

logger = logging.getLogger(__name__)

_LOCK_SECONDS: Final = 60  # longer than a migration of these tables takes, shorter than a person waits
# insufficient_privilege and read_only_sql_transaction of PostgreSQL; ER_DBACCESS_DENIED, ER_TABLEACCESS_DENIED,
# ER_OPTION_PREVENTS_STATEMENT (a read-only server) and ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION of MySQL.
_DENIED: Final = frozenset({"42501", "25006", 1044, 1142, 1290, 1792})


def migrate(engine: Engine, folder: Path, *, version_table: str) -> None:
    """Apply the migrations in ``folder`` that the database has not seen yet; safe from many processes at once.

    ``version_table`` keeps the newest applied revision; its name must be the app's own, since apps may share a database.
    The first migration should create only what is missing: so it adopts tables that were made before there were
    migrations. On MySQL and MariaDB every statement of a migration commits: one that died half-way is run again from its
    beginning and has to bear that.

    Raises ``TransientError`` with the code ``schema_newer`` when the database was migrated by a newer version of the app,
    and ``schema_denied`` when there is something to apply and the database user may not. Other failures of the database
    are SQLAlchemy's.
    """
    scripts = ScriptDirectory(str(folder), version_locations=[folder])
    with engine.connect() as connection:
        if _is_current(connection, scripts, version_table):
            return
    try:
        with _locked(engine, version_table) as connection:
            if not _is_current(connection, scripts, version_table):  # another process may have been first
                _apply(connection, scripts, version_table)
    except DBAPIError as error:
        if not _is_denied(error):
            raise
        raise TransientError(
            f"{_name(engine)}: the tables must be changed for this version, and the database user may not do that "
            f"({str(error.orig).splitlines()[0]}); let it create and alter tables, or run `python main.py check` once as "
            "one who may",
            code="schema_denied",
        ) from error


def _is_current(connection: Connection, scripts: ScriptDirectory, version_table: str) -> bool:
    """Tell whether nothing is left to apply. ``TransientError("schema_newer")`` when the database is ahead."""
    applied = _context(connection, version_table).get_current_revision()
    known = [script.revision for script in scripts.walk_revisions()]
    if applied and applied not in known:
        raise TransientError(
            f"{_name(connection.engine)}: the tables are of a newer version (schema {applied}; this version knows "
            f"{known[0]}): run that version of the app or a later one",
            code="schema_newer",
        )
    return applied == known[0]


def _apply(connection: Connection, scripts: ScriptDirectory, version_table: str) -> None:
    context = _context(connection, version_table)
    applied = context.get_current_revision()
    for script in reversed([*scripts.iterate_revisions("head", applied or "base")]):
        with Operations.context(context):
            script.module.upgrade()
        context.stamp(scripts, script.revision)
        if connection.dialect.name in ("mysql", "mariadb"):
            connection.commit()  # its statements are committed already
        logger.info("schema migrated", extra={"revision": script.revision, "version_table": version_table})


@contextmanager
def _locked(engine: Engine, name: str) -> Iterator[Connection]:
    """Yield a connection of which there is one at a time, in a transaction that is committed at the end.

    Statements read what others have committed meanwhile: in a snapshot from before the wait for the lock, another
    process's migration would not be seen.
    """
    lock = {"sqlite": _lock_sqlite, "postgresql": _lock_postgresql}.get(engine.dialect.name, _lock_mysql)
    with engine.connect() as connection, lock(connection, f"{engine.url.database}.{name}"):
        yield connection
        connection.commit()


@contextmanager
def _lock_sqlite(connection: Connection, _name: str) -> Iterator[None]:
    enforced = connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one()
    # A batch copies a table and drops the old one, which would delete the rows of other tables that refer to it.
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield
    finally:
        connection.rollback()
        connection.exec_driver_sql(f"PRAGMA foreign_keys = {enforced}")


@contextmanager
def _lock_postgresql(connection: Connection, name: str) -> Iterator[None]:
    connection.execution_options(isolation_level="READ COMMITTED")
    connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": crc32(name.encode())})
    yield  # the lock ends with the transaction


@contextmanager
def _lock_mysql(connection: Connection, name: str) -> Iterator[None]:
    """Hold a lock that ends with the connection's session: MySQL's other locks end with a statement that commits."""
    connection.execution_options(isolation_level="READ COMMITTED")
    words = {"name": name[-64:], "seconds": _LOCK_SECONDS}
    if connection.execute(text("SELECT GET_LOCK(:name, :seconds)"), words).scalar_one() != 1:
        raise TransientError(
            f"{_name(connection.engine)}: another process is changing the tables", code="schema_locked"
        )
    connection.commit()
    connection.detach()  # from the pool: closing it ends its session, and with that the lock
    yield


def _context(connection: Connection, version_table: str) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"version_table": version_table})


def _is_denied(error: DBAPIError) -> bool:
    cause = error.orig
    codes = {getattr(cause, "sqlstate", None), *(cause.args[:1] if cause else ())}
    return bool(codes & _DENIED) or "readonly database" in str(cause)


def _name(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
