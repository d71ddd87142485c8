"""What label values mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.errors import PermanentError
from sentiment.labelled.label_values import read_label_values, read_single_value
from sentiment.labelled.options import FileOptions, parse_options

PLAIN = FileOptions()


@pytest.mark.parametrize(
    ("values", "meanings"),
    [
        ("0 1", "NEGATIVE POSITIVE"),
        ("0 1 2", "NEGATIVE NEUTRAL POSITIVE"),
        ("0 4", "NEGATIVE POSITIVE"),
        ("0 2 4", "NEGATIVE NEUTRAL POSITIVE"),
        ("-1 0 1", "NEGATIVE NEUTRAL POSITIVE"),
        ("-1 1", "NEGATIVE POSITIVE"),
        ("1 2 3 4 5", "NEGATIVE NEGATIVE NEUTRAL POSITIVE POSITIVE"),
        ("1.0 0.0", "POSITIVE NEGATIVE"),
        ("Negative POSITIVE neu", "NEGATIVE POSITIVE NEUTRAL"),
        ("false true", "NEGATIVE POSITIVE"),
    ],
)
def test_conventions_are_recognised(values: str, meanings: str) -> None:
    counts = dict.fromkeys(values.split(), 10)
    assert read_label_values(counts, PLAIN) == dict(zip(values.split(), meanings.split(), strict=True))


def test_a_few_odd_values_do_not_change_the_convention() -> None:
    assert read_label_values({"0": 500, "1": 480, "2": 1, "n/a": 3}, PLAIN) == {
        "0": "NEGATIVE",
        "1": "NEUTRAL",
        "2": "POSITIVE",
    }
    assert read_label_values({"0": 500, "1": 480, "n/a": 3}, PLAIN) == {"0": "NEGATIVE", "1": "POSITIVE"}


def test_spelled_out_meanings_win() -> None:
    assert read_label_values({"1": 5, "2": 5, "3": 5}, parse_options("negative=1&positive=2,3")) == {
        "1": "NEGATIVE", "2": "POSITIVE", "3": "POSITIVE",
    }  # fmt: skip


@given(st.dictionaries(st.text(max_size=8), st.integers(1, 100), min_size=1, max_size=20))
def test_any_values_are_either_understood_at_both_ends_or_refused(counts: dict[str, int]) -> None:
    try:
        meanings = read_label_values(counts, PLAIN)
    except PermanentError as error:
        assert error.code in ("one_label", "unknown_labels")  # noqa: PT017 - both outcomes are right
    else:
        assert {"NEGATIVE", "POSITIVE"} <= set(meanings.values())
        assert set(meanings) <= set(counts)


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("4", "POSITIVE"), ("pos", "POSITIVE"), ("-1", "NEGATIVE"), ("0", None), ("1", None), ("?", None)],
)
def test_a_value_that_stands_alone_is_understood_when_all_conventions_agree_on_it(
    value: str, meaning: str | None
) -> None:
    assert read_single_value(value, PLAIN) == meaning
    assert read_single_value("1", parse_options("negative=1")) == "NEGATIVE"
