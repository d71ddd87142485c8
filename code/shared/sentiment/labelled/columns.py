"""Which column of a file holds what: as named by the file's address, or guessed from the names that data sets use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sentiment.labelled.options import FileOptions
from sentiment.model.labels import NEGATIVE, NEUTRAL, POSITIVE, Label

# Sentiment140's file has no header: http://help.sentiment140.com/for-students (also the product's own sample).
SENTIMENT140_COLUMNS: Final = ("target", "id", "date", "flag", "user", "text")
SENTIMENT140_VALUES: Final[Mapping[Label, tuple[str, ...]]] = {NEGATIVE: ("0",), NEUTRAL: ("2",), POSITIVE: ("4",)}
# In order of preference: airline's fifteen columns hold both `airline_sentiment` and `airline_sentiment_gold`, and
# IMDB's four hold both `label` and `rating`.
KNOWN_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "text": (
        "text", "tweet", "tweet_text", "full_text", "review", "sentence", "content", "message", "comment", "body", "post",
    ),
    "label": ("label", "sentiment", "airline_sentiment", "target", "polarity", "class", "rating", "stars"),
    "topic": ("topic", "topics", "brand", "airline", "tickers", "flag"),
    "date": ("date", "created_at", "tweet_created", "posted_at", "data"),
    "user": ("user", "name", "username", "screen_name", "author", "author_id", "user_id"),
    "id": ("id", "tweet_id", "id_str"),
    "lang": ("lang", "language"),
}  # fmt: skip


class Columns(NamedTuple):
    """Names of the columns that hold each meaning; empty where a file has no such column."""

    text: str
    label: str
    topic: str
    date: str
    user: str
    id: str
    lang: str


def find_columns(names: Sequence[str], options: FileOptions) -> Columns:
    """Return which of a file's columns means what.

    A column that ``options`` names is never replaced by a guess. Names are compared without regard to case and outer
    white space; of two that are then equal the first counts.
    """
    folded = {name.strip().casefold(): name for name in reversed(names)}
    wanted = {meaning: (name.strip().casefold(),) for meaning, name in options.columns.items()}
    return Columns(
        **{
            meaning: next((folded[name] for name in wanted.get(meaning, known) if name in folded), "")
            for meaning, known in KNOWN_NAMES.items()
        }
    )


def is_header(cells: Sequence[str], options: FileOptions) -> bool:
    """Tell whether a row names a column that holds a text or a label."""
    columns = find_columns(cells, options)
    return bool(columns.text or columns.label)


def is_sentiment140(cells: Sequence[str]) -> bool:
    """Tell whether a file's first row is a row of Sentiment140, which comes with no header."""
    return len(cells) == len(SENTIMENT140_COLUMNS) and (cells[0].strip(),) in SENTIMENT140_VALUES.values()
