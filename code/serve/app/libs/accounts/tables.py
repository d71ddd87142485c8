"""What is kept about users."""

from __future__ import annotations

from typing import Final

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

metadata = MetaData()

_CASCADE: Final = "CASCADE"
_CHARSET: Final = "utf8mb4"  # MySQL's older utf8 cannot hold emojis

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("password_hash", String(255), nullable=False),
    Column("created_at", DateTime, nullable=False),  # UTC, as every time in here
    mysql_charset=_CHARSET,
    mysql_engine="InnoDB",
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete=_CASCADE), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("created_at", DateTime, nullable=False),
    mysql_charset=_CHARSET,
    mysql_engine="InnoDB",
)

predictions = Table(
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
    mysql_charset=_CHARSET,
    mysql_engine="InnoDB",
)

tries = Table(
    "tries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("subject", String(80), nullable=False),
    Column("tried_at", DateTime, nullable=False),
    Index("tries_of_subject", "subject", "tried_at"),
    mysql_charset=_CHARSET,
    mysql_engine="InnoDB",
)
