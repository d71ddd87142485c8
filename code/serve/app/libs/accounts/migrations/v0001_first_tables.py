"""Users, API keys, predictions and failed logins: the tables as they were when migrations began."""

from __future__ import annotations

from typing import Any, Final

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

revision = "0001"
down_revision = None

_metadata: Final = MetaData()
_CASCADE: Final = "CASCADE"
_MYSQL: Final[dict[str, Any]] = {"mysql_charset": "utf8mb4", "mysql_engine": "InnoDB"}

_users: Final = Table(
    "users",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("password_hash", String(255), nullable=False),
    Column("created_at", DateTime, nullable=False),
    **_MYSQL,
)

_api_keys: Final = Table(
    "api_keys",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete=_CASCADE), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("created_at", DateTime, nullable=False),
    **_MYSQL,
)

_predictions: Final = Table(
    "predictions",
    _metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete=_CASCADE), nullable=False),
    Column("text", Text, nullable=False),
    Column("label", String(8), nullable=False),
    Column("score", Float(53), nullable=False),
    Column("model_version", String(64), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Index("predictions_of_user", "user_id", "id"),
    **_MYSQL,
)

_tries: Final = Table(
    "tries",
    _metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("subject", String(80), nullable=False),
    Column("tried_at", DateTime, nullable=False),
    Index("tries_of_subject", "subject", "tried_at"),
    **_MYSQL,
)


def upgrade() -> None:
    """Create what is missing: a database from before migrations has it all."""
    _metadata.create_all(op.get_bind())
