"""What the page and the API ask of the SQL tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Table, and_, func, or_, select

from libs.results import BucketCount, LanguageCount, ResultsQuery, StoredCounts, TopicCount
from libs.results.sql.schema import DEAD_LETTERS, GAPS, RESULTS, REVISIONS, SKIPPED, TOPICS
from libs.values.result import Result
from libs.values.times import bucket_start, now
from libs.values.tweet import DeadLetter, Gap

_MANY: Final = 500
_TO_SECOND: Final = 19  # characters of 2009-04-07T05:19:45
_TO_MINUTE: Final = 16


def read_results(connection: Connection, query: ResultsQuery) -> list[Result]:
    """Return results that match, in the query's order; equal dates are ordered by id, so that pages do not overlap."""
    table = TOPICS if query.topic else RESULTS
    statement = select(RESULTS)
    if query.topic:
        statement = statement.join(TOPICS, TOPICS.c.id == RESULTS.c.id).where(TOPICS.c.topic == query.topic)
    if query.sentiment:
        statement = statement.where(table.c.sentiment == query.sentiment)
    if query.order == "newest":
        statement = statement.order_by(table.c.data.desc(), table.c.id.desc())
    else:
        statement = statement.order_by(table.c.score, table.c.id)
    statement = _within(statement, table, query.since, query.before).limit(query.limit)
    return [_make_result(row) for row in connection.execute(statement).mappings()]


def read_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, Result]:
    """Return those that are stored."""
    found: dict[str, Result] = {}
    for start in range(0, len(ids), _MANY):
        statement = select(RESULTS).where(RESULTS.c.id.in_(ids[start : start + _MANY]))
        found.update({row["id"]: _make_result(row) for row in connection.execute(statement).mappings()})
    return found


def count_over_time(
    connection: Connection, topic: str, since: str, before: str, bucket_seconds: int
) -> list[BucketCount]:
    """Return buckets in order of time."""
    table = TOPICS if topic else RESULTS
    stamp = func.substr(table.c.data, 1, _TO_MINUTE if bucket_seconds % 60 == 0 else _TO_SECOND).label("stamp")
    statement = select(stamp, table.c.sentiment, func.count(), func.sum(table.c.score)).group_by(
        stamp, table.c.sentiment
    )
    if topic:
        statement = statement.where(table.c.topic == topic)
    found: dict[tuple[str, str], tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for moment, sentiment, count, score_sum in connection.execute(_within(statement, table, since, before)):
        key = (bucket_start(moment, bucket_seconds), sentiment)
        found[key] = (found[key][0] + count, found[key][1] + float(score_sum))
    return [BucketCount(start, sentiment, *found[start, sentiment]) for start, sentiment in sorted(found)]


def count_topics(connection: Connection, since: str, before: str) -> list[TopicCount]:
    """Return posts and sum of scores by topic and label."""
    columns = (TOPICS.c.topic, TOPICS.c.sentiment)
    statement = select(*columns, func.count(), func.sum(TOPICS.c.score)).group_by(*columns).order_by(*columns)
    rows = connection.execute(_within(statement, TOPICS, since, before))
    return [TopicCount(topic, sentiment, count, float(score_sum)) for topic, sentiment, count, score_sum in rows]


def count_languages(connection: Connection, since: str, before: str) -> list[LanguageCount]:
    """Return scored and skipped posts by language, most first."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for place, table in enumerate((RESULTS, SKIPPED)):
        statement = select(table.c.lang, func.count()).group_by(table.c.lang)
        for lang, count in connection.execute(_within(statement, table, since, before)):
            counts[lang][place] += count
    rows = [LanguageCount(lang, scored, skipped) for lang, (scored, skipped) in counts.items()]
    return sorted(rows, key=lambda row: -row.scored - row.skipped)


def count_all(connection: Connection) -> StoredCounts:
    """Return the sizes of the tables."""
    removed = select(func.count()).select_from(REVISIONS).where(REVISIONS.c.removed)
    return {
        "stored": count_rows(connection, RESULTS),
        "dead_letters": count_rows(connection, DEAD_LETTERS),
        "skipped": count_rows(connection, SKIPPED),
        "removed": int(connection.execute(removed).scalar_one()),
    }


def count_rows(connection: Connection, table: Table) -> int:
    """Return how many rows a table has."""
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def read_newest_date(connection: Connection) -> str:
    """Return the newest date that is not in the future: some users' clocks are wrong by years."""
    newest = connection.execute(select(func.max(RESULTS.c.data)).where(RESULTS.c.data <= now())).scalar_one()
    return str(newest or "")


def read_gaps(connection: Connection, limit: int) -> list[Gap]:
    """Return gaps by their beginning, newest first."""
    rows = connection.execute(select(GAPS).order_by(GAPS.c.started_at.desc()).limit(limit)).mappings()
    return [Gap(**{**row, "recovered": bool(row["recovered"])}) for row in rows]


def read_dead_letters(connection: Connection, limit: int) -> list[DeadLetter]:
    """Return dead letters, newest first."""
    statement = select(DEAD_LETTERS).order_by(DEAD_LETTERS.c.died_at.desc(), DEAD_LETTERS.c.id).limit(limit)
    return [DeadLetter(**row) for row in connection.execute(statement).mappings()]


def read_dead_letter(connection: Connection, letter: str) -> DeadLetter | None:
    """Return one dead letter."""
    row = connection.execute(select(DEAD_LETTERS).where(DEAD_LETTERS.c.id == letter)).mappings().first()
    return DeadLetter(**row) if row else None


def read_outdated(connection: Connection, model_version: str, after: str) -> list[Result]:
    """Return the next results of older models behind the id ``after``."""
    older = (RESULTS.c.model_version < model_version, RESULTS.c.id > after)
    statement = select(RESULTS).where(*older).order_by(RESULTS.c.id).limit(_MANY)
    return [_make_result(row) for row in connection.execute(statement).mappings()]


def _within(statement: Any, table: Table, since: str, before: str) -> Any:
    if since:
        statement = statement.where(table.c.data >= since)
    if not before:
        return statement
    moment, _, post = before.partition("#")  # a page goes on behind one post of several with the same date
    older = table.c.data < moment
    return statement.where(or_(older, and_(table.c.data == moment, table.c.id < post)) if post else older)


def _make_result(row: Any) -> Result:
    return Result(**{**row, "topics": tuple(orjson.loads(row["topics"]))})
