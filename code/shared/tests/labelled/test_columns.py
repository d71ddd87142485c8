"""Which column means what."""

from __future__ import annotations

import pytest

from sentiment.labelled.columns import SENTIMENT140_COLUMNS, find_columns, is_header, is_sentiment140
from sentiment.labelled.options import FileOptions, parse_options

AIRLINE = (
    "tweet_id,airline_sentiment,airline_sentiment_confidence,negativereason,negativereason_confidence,airline,"
    "airline_sentiment_gold,name,negativereason_gold,retweet_count,text,tweet_coord,tweet_created,tweet_location,user_timezone"
)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (",".join(SENTIMENT140_COLUMNS), ("text", "target", "flag", "date", "user", "id", "")),
        (AIRLINE, ("text", "airline_sentiment", "airline", "tweet_created", "name", "tweet_id", "")),
        ("id,rating,label,text", ("text", "label", "", "", "", "id", "")),
        ("id,label,text,source", ("text", "label", "", "", "", "id", "")),
        (
            "id_str,created_at,user,lang,full_text,tickers",
            ("full_text", "", "tickers", "created_at", "user", "id_str", "lang"),
        ),
        (" Review , STARS ", (" Review ", " STARS ", "", "", "", "", "")),
        ("a,b", ("", "", "", "", "", "", "")),
    ],
)
def test_the_names_that_data_sets_use_are_known(names: str, found: tuple[str, ...]) -> None:
    assert find_columns(names.split(","), FileOptions()) == found


def test_a_named_column_is_never_replaced_by_a_guess() -> None:
    options = parse_options("text=Body&label=nowhere")
    columns = find_columns(["text", "body", "label"], options)
    assert (columns.text, columns.label) == ("body", "")
    assert is_header(["body"], options)
    assert not is_header(["words"], options)


def test_of_equal_names_the_first_counts() -> None:
    assert find_columns(["Text", "text"], FileOptions()).text == "Text"


def test_sentiment140_is_told_by_its_first_row() -> None:
    assert is_sentiment140(["4", "1", "Mon", "NO_QUERY", "me", "good"])
    assert not is_sentiment140(["5", "1", "Mon", "NO_QUERY", "me", "good"])
    assert not is_sentiment140(["4", "good"])
