"""Dates of every source become one form of ISO 8601 UTC."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.values.times import parse_date
from sentiment.errors import PermanentError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Mon Apr 06 22:19:45 PDT 2009", "2009-04-07T05:19:45.000Z"),
        ("Thu Jan 01 16:00:00 PST 2009", "2009-01-02T00:00:00.000Z"),
        ("Fri Jul 03 10:00:00 UTC 2026", "2026-07-03T10:00:00.000Z"),
        ("Tue Dec 31 23:10:08 +0000 2013", "2013-12-31T23:10:08.000Z"),
        ("Tue Dec 31 23:10:08 +0530 2013", "2013-12-31T17:40:08.000Z"),
        ("2015-02-24 11:35:52 -0800", "2015-02-24T19:35:52.000Z"),
        ("2024-01-15T10:35:00.123Z", "2024-01-15T10:35:00.123Z"),
        ("2024-01-15T10:35:00.123456789+02:00", "2024-01-15T08:35:00.123Z"),
        ("2024-01-15", "2024-01-15T00:00:00.000Z"),
        ("1700000000", "2023-11-14T22:13:20.000Z"),
        ("1700000000123", "2023-11-14T22:13:20.123Z"),
    ],
)
def test_a_date_is_read_as_it_was_meant(written: str, meant: str) -> None:
    assert parse_date(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "Mon Apr 06 22:19:45 XYZ 2009",
        "Mon Foo 06 22:19:45 PDT 2009",
        "9" * 40,
        "0001-01-01",
        "2024-13-01",
    ],
)
def test_what_is_no_date_is_refused(written: str) -> None:
    with pytest.raises(PermanentError) as caught:
        parse_date(written)
    assert caught.value.code == "bad_date"


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_refused(text: str) -> None:
    try:
        parsed = parse_date(text)
    except PermanentError:
        return
    assert parse_date(parsed) == parsed
