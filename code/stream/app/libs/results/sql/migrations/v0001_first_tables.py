"""Results, topics, revisions, gaps, dead letters, skipped posts and positions: the tables as they were when migrations began."""

from __future__ import annotations

from typing import Any, Final

from alembic import op
from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.dialects.mysql import LONGBLOB

revision = "0001"
down_revision = None

_METADATA: Final = MetaData()
# utf8mb4_bin: MySQL's default collations take "A" and "a", and every emoji, for the same.
_MYSQL: Final[dict[str, Any]] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}
_TIME: Final = String(24)
_BYTES: Final = LargeBinary().with_variant(LONGBLOB(), "mysql", "mariadb")

_TABLES: Final = (
    Table(
        "twitter_sentiment",
        _METADATA,
        Column("id", String(255), primary_key=True),
        Column("user", String(255), nullable=False),
        Column("sentiment", String(8), nullable=False),
        Column("score", Float(53), nullable=False),
        Column("twitter_raw", Text, nullable=False),
        Column("twitter_clean", Text, nullable=False),
        Column("data", _TIME, nullable=False),
        Column("source", String(16), nullable=False),
        Column("topics", Text, nullable=False),
        Column("lang", String(16), nullable=False),
        Column("model_version", String(64), nullable=False),
        Column("analyzed_at", _TIME, nullable=False),
        Index("by_date", "data", "sentiment", "score", "lang"),  # answers the page's counts without touching the rows
        Index("by_analysis", "analyzed_at"),
        Index("by_model", "model_version"),
        **_MYSQL,
    ),
    Table(
        "tweet_topics",
        _METADATA,
        Column("id", String(255), primary_key=True),
        Column("topic", String(64), primary_key=True),
        Column("data", _TIME, nullable=False),
        Column("sentiment", String(8), nullable=False),
        Column("score", Float(53), nullable=False),
        Index("by_topic", "topic", "data", "sentiment", "score"),
        Index("by_date_topic", "data", "topic", "sentiment", "score"),
        **_MYSQL,
    ),
    Table(
        "revisions",
        _METADATA,
        Column("id", String(255), primary_key=True),
        Column("revision", String(64), nullable=False),
        Column("removed", Boolean, nullable=False),
        Column("decided_at", _TIME, nullable=False),
        **_MYSQL,
    ),
    Table(
        "gaps",
        _METADATA,
        Column("id", String(64), primary_key=True),
        Column("source", String(16), nullable=False),
        Column("started_at", _TIME, nullable=False),
        Column("ended_at", _TIME, nullable=False),
        Column("reason", String(64), nullable=False),
        Column("recovered", Boolean, nullable=False),
        Column("detail", Text, nullable=False),
        Index("gaps_by_start", "started_at"),
        **_MYSQL,
    ),
    Table(
        "dead_letters",
        _METADATA,
        Column("id", String(64), primary_key=True),
        Column("source", String(16), nullable=False),
        Column("position", Text, nullable=False),
        Column("reason", String(64), nullable=False),
        Column("detail", Text, nullable=False),
        Column("original", _BYTES, nullable=False),
        Column("died_at", _TIME, nullable=False),
        Index("letters_by_death", "died_at"),
        **_MYSQL,
    ),
    Table(
        "skipped",
        _METADATA,
        Column("id", String(255), primary_key=True),
        Column("lang", String(16), nullable=False),
        Column("data", _TIME, nullable=False),
        Index("skipped_by_date", "data", "lang"),
        **_MYSQL,
    ),
    Table(
        "positions",
        _METADATA,
        Column("source", String(255), primary_key=True),
        Column("cursor", Text, nullable=False),
        Column("seen_at", _TIME, nullable=False),
        Column("emitted", Integer, nullable=False),
        Column("finished", Boolean, nullable=False),
        **_MYSQL,
    ),
)


def upgrade() -> None:
    """Create what is missing: tables that were made before there were migrations stay, with their rows.

    Indexes are looked for one by one: on MySQL a start that was cut short can have left a table without them.
    """
    connection = op.get_bind()
    for table in _TABLES:
        table.create(connection, checkfirst=True)
        for index in table.indexes:
            index.create(connection, checkfirst=True)
