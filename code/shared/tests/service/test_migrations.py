"""Migrations run in order and once, and two apps may share a database. The apps' own tests run theirs on every database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from sentiment.errors import TransientError
from sentiment.service.migrations import migrate

_REVISION = """
from alembic import op

revision = {own!r}
down_revision = {before!r}

def upgrade():
    op.execute({statement!r})
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'shared.db'}")
    yield engine
    engine.dispose()


def write_migrations(folder: Path, *statements: str) -> Path:
    folder.mkdir(exist_ok=True)
    for number, statement in enumerate(statements, 1):
        before = f"{number - 1:04}" if number > 1 else None
        source = _REVISION.format(own=f"{number:04}", before=before, statement=statement)
        (folder / f"v{number:04}.py").write_text(source)
    return folder


def test_what_is_missing_is_run_in_order(engine: Engine, tmp_path: Path) -> None:
    first = "CREATE TABLE posts (id INTEGER)"
    migrate(engine, write_migrations(tmp_path / "one", first), version_table="posts_version")
    later = (first, "ALTER TABLE posts ADD COLUMN words TEXT", "INSERT INTO posts (id, words) VALUES (1, 'x')")
    folder = write_migrations(tmp_path / "three", *later)
    for _ in range(2):  # the second time there is nothing to do
        migrate(engine, folder, version_table="posts_version")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id, words FROM posts")).all() == [(1, "x")]


def test_two_apps_may_share_a_database(engine: Engine, tmp_path: Path) -> None:
    users = write_migrations(tmp_path / "users", "CREATE TABLE users (id INTEGER)")
    posts = write_migrations(tmp_path / "posts", "CREATE TABLE posts (id INTEGER)", "CREATE TABLE gaps (id INTEGER)")
    migrate(engine, users, version_table="users_version")
    migrate(engine, posts, version_table="posts_version")
    migrate(engine, users, version_table="users_version")
    assert set(inspect(engine).get_table_names()) == {"users", "users_version", "posts", "gaps", "posts_version"}


def test_a_migration_that_fails_leaves_nothing_behind(engine: Engine, tmp_path: Path) -> None:
    good, bad = "CREATE TABLE posts (id INTEGER)", "ALTER TABLE nowhere ADD COLUMN words TEXT"
    with pytest.raises(Exception, match="nowhere"):
        migrate(engine, write_migrations(tmp_path / "bad", good, bad), version_table="posts_version")
    assert "posts" not in inspect(engine).get_table_names()
    migrate(engine, write_migrations(tmp_path / "good", good), version_table="posts_version")
    assert "posts" in inspect(engine).get_table_names()


def test_a_newer_database_is_refused(engine: Engine, tmp_path: Path) -> None:
    first = "CREATE TABLE posts (id INTEGER)"
    newer = write_migrations(tmp_path / "newer", first, "CREATE TABLE gaps (id INTEGER)")
    migrate(engine, newer, version_table="posts_version")
    with pytest.raises(TransientError, match="of a newer version") as refused:
        migrate(engine, write_migrations(tmp_path / "older", first), version_table="posts_version")
    assert refused.value.code == "schema_newer"


def test_a_user_who_may_not_change_tables_is_told_so(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE other (id INTEGER)"))
    readonly = create_engine(f"sqlite:///file:{tmp_path / 'shared.db'}?mode=ro&uri=true")
    with pytest.raises(TransientError) as denied:
        migrate(readonly, write_migrations(tmp_path / "one", "CREATE TABLE posts (id INTEGER)"), version_table="v")
    readonly.dispose()
    assert denied.value.code == "schema_denied"
