"""A data set that is the answer to a SQL query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from libs.dataset.table import RowBatch, choose_columns
from sentiment.errors import PermanentError, TransientError
from sentiment.labelled.options import FileOptions

_BATCH_ROWS: Final = 10_000


def read_query(location: str, options: FileOptions, *, need_label: bool) -> Iterator[RowBatch]:
    """Yield the rows that ``<SQLAlchemy URL>?query=<SELECT …>`` answers, streamed.

    Raises ``PermanentError("query_failed")`` when the database refuses the statement or lacks a driver,
    ``TransientError("dataset_unreachable")`` when it does not answer.
    """
    import sqlalchemy
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError

    address, query = split_query(location)
    try:
        engine = sqlalchemy.create_engine(address)
        with engine.connect().execution_options(yield_per=_BATCH_ROWS) as connection:
            answer = connection.execute(sqlalchemy.text(query))
            names = list(answer.keys())
            columns = choose_columns(names, options, need_label=need_label)
            places = [names.index(name) if name else None for name in (columns.text, columns.label, columns.topic)]
            for rows in answer.partitions():
                text, label, topic = (None if place is None else [row[place] for row in rows] for place in places)
                yield RowBatch(columns, text or [], label, topic)
    except OperationalError as error:
        raise TransientError(f"the database does not answer: {error.orig}", code="dataset_unreachable") from None
    except (ArgumentError, NoSuchModuleError, SQLAlchemyError, ImportError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise PermanentError(f"the query cannot be run: {reason}", code="query_failed") from None


def split_query(location: str) -> tuple[str, str]:
    """Return the database's address without ``query=``, and the query."""
    parts = urlsplit(location)
    pairs = parse_qsl(parts.query)
    query = dict(pairs)["query"]
    rest = urlencode([(name, value) for name, value in pairs if name != "query"])
    address = urlunsplit(parts._replace(query=rest))
    if parts.path.startswith("//") or not parts.netloc:  # sqlite:////abs/file.db: urlunsplit folds the slashes
        address = f"{parts.scheme}://{location.split('://', 1)[1].partition('?')[0]}" + (f"?{rest}" if rest else "")
    return address, query
