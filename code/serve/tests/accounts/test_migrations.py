"""The user database is made, adopted and migrated the same way on every database, by any number of workers at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, insert, inspect, select, text

from libs.accounts.database import MIGRATIONS, VERSION_TABLE, UserDatabase
from libs.accounts.tables import metadata, users
from sentiment.errors import TransientError
from sentiment.service.migrations import migrate

_APP = Path(__file__).parents[2] / "app"
_USE = """
import sys
from libs.accounts.database import UserDatabase
sys.stdin.readline()
with UserDatabase(sys.argv[1]).begin():
    pass
"""


@pytest.fixture
def engine(users_url: str) -> Iterator[Engine]:
    """A database without tables."""
    engine = create_engine(users_url)
    drop_everything(engine)
    yield engine
    drop_everything(engine)
    engine.dispose()


def drop_everything(engine: Engine) -> None:
    metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE IF EXISTS {VERSION_TABLE}"))


def add_user(engine: Engine, name: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(users).values(username=name, password_hash="x", created_at=text("'2026-11-21 12:00:00'"))
        )


def read_version(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return [row.version_num for row in connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}"))]


def write_version(engine: Engine, version: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{version}'"))


def test_an_empty_database_gets_the_tables_that_the_code_knows(engine: Engine) -> None:
    migrate(engine, MIGRATIONS, version_table=VERSION_TABLE)
    assert set(inspect(engine).get_table_names()) >= {*metadata.tables, VERSION_TABLE}
    options = {
        "include_name": lambda name, kind, _: kind != "table" or name in metadata.tables,
        "compare_type": engine.dialect.name != "mysql",  # which calls FLOAT(53) a DOUBLE
    }
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_tables_from_before_migrations_are_adopted_with_their_rows(engine: Engine) -> None:
    metadata.create_all(engine)
    metadata.tables["tries"].drop(engine)  # one that an even older version did not have
    add_user(engine, "ada")
    migrate(engine, MIGRATIONS, version_table=VERSION_TABLE)
    assert "tries" in inspect(engine).get_table_names()
    with engine.connect() as connection:
        assert connection.execute(select(users.c.username)).scalars().all() == ["ada"]
    assert len(read_version(engine)) == 1


def test_a_second_time_changes_nothing(engine: Engine) -> None:
    migrate(engine, MIGRATIONS, version_table=VERSION_TABLE)
    add_user(engine, "ada")
    before = read_version(engine)
    migrate(engine, MIGRATIONS, version_table=VERSION_TABLE)
    assert read_version(engine) == before
    with engine.connect() as connection:
        assert connection.execute(select(users.c.username)).scalars().all() == ["ada"]


def test_eight_threads_at_once_migrate_once(engine: Engine) -> None:
    databases = [UserDatabase(engine.url.render_as_string(hide_password=False)) for _ in range(8)]

    def use(database: UserDatabase) -> None:
        with database.begin() as connection:
            connection.execute(select(users))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, databases))
    for database in databases:
        database.close()
    assert len(read_version(engine)) == 1


def test_processes_that_start_at_once_migrate_once(engine: Engine) -> None:
    words = [sys.executable, "-c", _USE, engine.url.render_as_string(hide_password=False)]
    processes = [Popen(words, cwd=_APP, stdin=PIPE, stderr=PIPE, text=True) for _ in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]
    assert ended == [("", 0)] * 4
    assert len(read_version(engine)) == 1


def test_a_database_of_a_newer_version_is_refused_and_left_alone(engine: Engine) -> None:
    migrate(engine, MIGRATIONS, version_table=VERSION_TABLE)
    write_version(engine, "9999")
    with pytest.raises(TransientError, match="the tables are of a newer version") as refused:
        migrate(engine, MIGRATIONS, version_table=VERSION_TABLE)
    assert refused.value.code == "schema_newer"
    assert read_version(engine) == ["9999"]
    database = UserDatabase(engine.url.render_as_string(hide_password=False))
    with pytest.raises(TransientError) as away, database.begin():
        pass
    database.close()
    assert (away.value.code, away.value.detail) == ("users_down", "the user database fails (schema_newer)")


_NEXT = """
from alembic import op
from sqlalchemy import Column, String

revision = "0002"
down_revision = "0001"

def upgrade():
    with op.batch_alter_table("users") as table:
        table.alter_column("username", existing_type=String(64), type_=String(80), existing_nullable=False)
        table.add_column(Column("mail", String(80)))
"""


def test_a_change_of_a_table_keeps_rows_and_what_refers_to_them(engine: Engine, tmp_path: Path) -> None:
    migrate(engine, MIGRATIONS, version_table=VERSION_TABLE)
    database = UserDatabase(engine.url.render_as_string(hide_password=False))
    add_user(engine, "ada")
    key = "INSERT INTO api_keys (user_id, name, key_hash, created_at) VALUES (1, 'k', 'h', '2026-11-21 12:00:00')"
    with database.begin() as connection:  # foreign keys are on in here
        connection.execute(text(key))
    folder = tmp_path / "migrations"
    folder.mkdir()
    for path in MIGRATIONS.glob("v*.py"):
        (folder / path.name).write_text(path.read_text())
    (folder / "v0002_next.py").write_text(_NEXT)
    migrate(database._engine, folder, version_table=VERSION_TABLE)
    assert read_version(engine) == ["0002"]
    with database._engine.connect() as connection:
        assert connection.execute(text("SELECT username, mail FROM users")).all() == [("ada", None)]
        assert connection.execute(text("SELECT name FROM api_keys")).all() == [("k",)]
        if engine.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    database.close()
