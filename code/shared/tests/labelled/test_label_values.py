"""What label values mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.errors import PermanentError
from sentiment.labelled.label_values import read_known_values, read_label_values
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
    ("values", "meanings"),
    [
        ("4", {"4": "POSITIVE"}),
        ("pos neutral", {"pos": "POSITIVE", "neutral": "NEUTRAL"}),
        ("-1", {"-1": "NEGATIVE"}),
        ("1 2 3", {"3": "NEUTRAL"}),
        ("1 5", {"1": "NEGATIVE", "5": "POSITIVE"}),
        ("0 1", {"0": "NEGATIVE", "1": "POSITIVE"}),
    ],
)
def test_a_part_of_a_data_set_is_read_by_the_values_on_which_all_conventions_agree(
    values: str, meanings: dict[str, str]
) -> None:
    assert read_known_values(dict.fromkeys(values.split(), 10), PLAIN) == meanings


@pytest.mark.parametrize("values", ["0", "1", "1 2", "red blue"])
def test_a_part_of_a_data_set_whose_values_could_mean_anything_is_refused(values: str) -> None:
    counts = dict.fromkeys(values.split(), 10)
    with pytest.raises(PermanentError, match="spell them out") as caught:
        read_known_values(counts, PLAIN)
    assert caught.value.code == "unknown_labels"
    assert read_known_values(counts, parse_options("negative=0,1,red")) == dict.fromkeys(
        set(counts) & {"0", "1", "red"}, "NEGATIVE"
    )
