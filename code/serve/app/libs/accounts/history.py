"""What was answered to whom: written with each prediction, read and forgotten by its user alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, column, delete, insert, select
from sqlalchemy.exc import IntegrityError

from libs.accounts.contract import LARGEST_ENTRY, read_number
from libs.accounts.database import UserDatabase
from libs.accounts.tables import User, predictions
from sentiment.errors import PermanentError
from sentiment.model.labels import Prediction


def record_predictions(
    database: UserDatabase, user: User, texts: Sequence[str], found: Sequence[Prediction], model_version: str
) -> None:
    """Add one entry per text; what no database can hold (NUL, halves of characters) becomes the replacement sign."""
    if not texts:
        return
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        {
            "user_id": user.id, "text": _make_storable(text), "label": prediction.label, "score": prediction.score,
            "model_version": model_version, "created_at": now,
        }
        for text, prediction in zip(texts, found, strict=True)
    ]  # fmt: skip
    try:
        with database.begin() as connection:
            connection.execute(insert(predictions), rows)
    except IntegrityError:
        raise PermanentError("this user does not exist any more", code="unauthorized") from None


def read_history(database: UserDatabase, user: User, limit: int, before: ColumnElement[bool] | None) -> dict[str, Any]:
    """Return ``{"data": entries newest first, "next_before": what continues them, or None at the end}``."""
    chosen = (
        select(predictions).where(predictions.c.user_id == user.id).order_by(predictions.c.id.desc()).limit(limit + 1)
    )
    with database.begin() as connection:
        rows = connection.execute(chosen if before is None else chosen.where(before)).all()
    shown = rows[:limit]
    return {"data": [_describe(row) for row in shown], "next_before": shown[-1].id if len(rows) > limit else None}


def delete_history(database: UserDatabase, user: User) -> int:
    """Forget all entries of the user and return how many there were."""
    with database.begin() as connection:
        return connection.execute(delete(predictions).where(predictions.c.user_id == user.id)).rowcount


def parse_before(before: str | None) -> ColumnElement[bool] | None:
    """Return the condition that ``before`` (an entry's id, or an ISO 8601 time) stands for; None for no ``before``."""
    if before is None:
        return None
    number = read_number(before)
    if number is not None and 1 <= number <= LARGEST_ENTRY:
        return column("id") < number
    try:
        moment = datetime.fromisoformat(before.replace(" ", "+"))  # a plus sign that a query turned blank
        return column("created_at") < moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise PermanentError("before is an entry's id or an ISO 8601 time", code="bad_parameter") from None


def _make_storable(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _describe(row: Any) -> dict[str, Any]:
    return {
        "id": row.id, "text": row.text, "label": row.label, "score": row.score, "model_version": row.model_version,
        "created_at": row.created_at.replace(tzinfo=UTC).isoformat(),
    }  # fmt: skip
