"""What is kept about users: the tables as ``migrations`` leaves them. All times are in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

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

metadata: Final = MetaData()
_CASCADE: Final = "CASCADE"
_MYSQL: Final[dict[str, Any]] = {"mysql_charset": "utf8mb4", "mysql_engine": "InnoDB"}  # the older utf8 holds no emojis


class User(NamedTuple):
    """A row of ``users``, without the password's hash."""

    id: int
    username: str
    created_at: datetime

    def describe(self) -> dict[str, str]:
        """Return what the user may see of it."""
        return {"username": self.username, "created_at": self.created_at.replace(tzinfo=UTC).isoformat()}


users: Final = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("password_hash", String(255), nullable=False),
    Column("created_at", DateTime, nullable=False),
    **_MYSQL,
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete=_CASCADE), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("created_at", DateTime, nullable=False),
    **_MYSQL,
)

predictions: Final = Table(
    "predictions",
    metadata,
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

attempts: Final = Table(
    "tries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("subject", String(80), nullable=False),
    Column("tried_at", DateTime, nullable=False),
    Index("tries_of_subject", "subject", "tried_at"),
    **_MYSQL,
)
