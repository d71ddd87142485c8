"""The SQL tables are made, adopted from the version before migrations, and changed, on every database and by many at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from subprocess import PIPE, Popen
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from makers import batch_of, make_result
from processes import APP
from sqlalchemy import Engine, create_engine, insert, make_url, text

from libs.results import open_results
from libs.results.sql.database import MIGRATIONS, VERSION_TABLE
from libs.results.sql.schema import METADATA, RESULTS
from sentiment.errors import TransientError
from sentiment.service.migrations import migrate

_BEFORE = Path(__file__).parent / "tables_before_migrations"
# Two threads of a process start at once, as soon as all processes are ready.
_PREPARE = """
import sys, threading
from libs.results.sql.store import SqlResults
stores = [SqlResults(sys.argv[1]) for _ in range(2)]
threads = [threading.Thread(target=store.prepare) for store in stores]
print("ready", flush=True)
sys.stdin.readline()
for thread in threads: thread.start()
for thread in threads: thread.join()
for store in stores: store.close()
"""
_NEXT = """
from alembic import op
from sqlalchemy import Column, String, column, table

revision = "0002"
down_revision = "0001"

def upgrade():
    op.add_column("twitter_sentiment", Column("author", String(255)))
    rows = table("twitter_sentiment", column("user"), column("author"))
    op.execute(rows.update().values(author=rows.c.user))
"""


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/results.db"
    server = make_url(request.getfixturevalue(f"{request.param}_url"))
    name = f"m{uuid4().hex}"
    run(server.render_as_string(hide_password=False), f"CREATE DATABASE {name}")
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = create_engine(url)
    yield made
    made.dispose()


def run(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def make_old_tables(engine: Engine) -> None:
    statements = (_BEFORE / f"{engine.dialect.name}.sql").read_text().split(";\n")
    run(engine.url.render_as_string(hide_password=False), *filter(str.strip, statements))


def add_old_row(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(RESULTS).values({**make_result("1")._asdict(), "topics": '["acme"]'}))


def prepare(url: str) -> None:
    results = open_results(url)
    try:
        results.prepare()
    finally:
        results.close()


def applied(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars())


def differences(engine: Engine) -> list[object]:
    own = {"include_name": lambda name, kind, _: kind != "table" or name in METADATA.tables, "compare_type": False}
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=own), METADATA))


def test_an_empty_database_gets_the_tables_that_the_code_knows(url: str, engine: Engine) -> None:
    prepare(url)
    assert differences(engine) == []
    assert applied(engine) == ["0001"]


def test_tables_from_before_migrations_are_adopted_and_their_rows_read(url: str, engine: Engine) -> None:
    make_old_tables(engine)
    add_old_row(engine)
    results = open_results(url)
    results.prepare()
    assert results.read_by_id(["1"]) == {"1": make_result("1", topics=("acme",))}
    results.close()
    assert differences(engine) == []
    assert applied(engine) == ["0001"]


def test_what_a_start_that_was_cut_short_left_out_is_made(url: str, engine: Engine) -> None:
    make_old_tables(engine)
    on_table = " ON twitter_sentiment" if engine.dialect.name == "mysql" else ""
    run(engine.url.render_as_string(hide_password=False), "DROP TABLE positions", f"DROP INDEX by_model{on_table}")
    assert len(differences(engine)) == 2
    prepare(url)
    assert differences(engine) == []


def test_a_second_start_changes_nothing(url: str, engine: Engine) -> None:
    results = open_results(url)
    results.prepare()
    results.store(batch_of(make_result("1")))
    results.prepare()
    assert set(results.read_by_id(["1"])) == {"1"}
    results.close()
    assert applied(engine) == ["0001"]


@pytest.mark.parametrize("there", [False, True], ids=["empty", "tables there"])
def test_eight_that_start_at_once_migrate_once(url: str, engine: Engine, *, there: bool) -> None:
    if there:
        make_old_tables(engine)
        add_old_row(engine)
    words = [sys.executable, "-W", "error", "-c", _PREPARE, url]
    started = [Popen(words, cwd=APP, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) for _ in range(4)]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    ended = [(process.communicate("go\n", timeout=60)[1], process.returncode) for process in started]
    assert ended == [("", 0)] * 4
    assert applied(engine) == ["0001"]
    assert differences(engine) == []


def test_a_later_migration_changes_rows_and_this_version_then_refuses_them(
    url: str, engine: Engine, tmp_path: Path
) -> None:
    make_old_tables(engine)
    add_old_row(engine)
    folder = copytree(MIGRATIONS, tmp_path / "migrations")
    (folder / "v0002_author.py").write_text(_NEXT)
    migrate(engine, folder, version_table=VERSION_TABLE)
    migrate(engine, folder, version_table=VERSION_TABLE)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id, author FROM twitter_sentiment")).all() == [("1", "ann")]
    with pytest.raises(TransientError, match=r"newer version \(schema 0002; this version knows 0001\)") as caught:
        prepare(url)
    assert caught.value.code == "schema_newer"
    assert applied(engine) == ["0002"], "it is left alone"


def test_a_migration_that_fails_is_applied_by_the_next_start(url: str, engine: Engine, tmp_path: Path) -> None:
    make_old_tables(engine)
    folder = copytree(MIGRATIONS, tmp_path / "migrations")
    (folder / "v0002_author.py").write_text(
        _NEXT.replace("op.add_column", "raise OSError('killed')\n    op.add_column")
    )
    with pytest.raises(OSError, match="killed"):
        migrate(engine, folder, version_table=VERSION_TABLE)
    (folder / "v0002_author.py").write_text(_NEXT)
    migrate(engine, folder, version_table=VERSION_TABLE)
    assert applied(engine) == ["0002"]


def test_a_user_who_may_not_change_tables_is_refused_in_one_sentence_until_somebody_else_has(
    url: str, engine: Engine
) -> None:
    make_old_tables(engine)
    poor = create_engine(poor_user(url))
    with pytest.raises(TransientError, match="the database user may not do that") as caught:
        migrate(poor, MIGRATIONS, version_table=VERSION_TABLE)
    assert caught.value.code == "schema_denied"
    assert "\n" not in caught.value.detail
    assert "sesame" not in caught.value.detail
    prepare(url)
    if engine.dialect.name == "postgresql":
        run(url, f"GRANT SELECT ON {VERSION_TABLE} TO {poor.url.username}")
    migrate(poor, MIGRATIONS, version_table=VERSION_TABLE)
    poor.dispose()


def poor_user(url: str) -> str:
    """The address of the same database for somebody who may read and write rows, and no more."""
    address, name = make_url(url), f"poor{uuid4().hex[:8]}"
    match address.get_backend_name():
        case "sqlite":
            return f"sqlite:///file:{address.database}?mode=ro&uri=true"
        case "postgresql":
            run(url, f"CREATE ROLE {name} LOGIN PASSWORD 'sesame'", "REVOKE CREATE ON SCHEMA public FROM public",
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}")  # fmt: skip
        case _:
            run(url, f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY 'sesame'",
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON {address.database}.* TO {name}@'127.0.0.1'")  # fmt: skip
    return address.set(username=name, password="sesame").render_as_string(hide_password=False)
