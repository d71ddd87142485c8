"""TRACK: what it may say, and which texts it finds."""

from __future__ import annotations

import pytest

from libs.values.topics import Topic, compile_matchers, match_topics, parse_track, require_rules
from sentiment.errors import ConfigurationError

pytestmark = pytest.mark.smoke


def test_words_names_and_phrases_are_read() -> None:
    assert parse_track('delta, acme="acme corp" good ,"one, two"') == (
        Topic("delta", "delta"),
        Topic("acme", '"acme corp" good'),
        Topic("one, two", '"one, two"'),
    )


@pytest.mark.parametrize("track", ["=x", "a=", 'a="open', "a,a", '""'])
def test_a_rule_that_makes_no_sense_is_refused_with_an_example(track: str) -> None:
    with pytest.raises(ConfigurationError, match="TRACK"):
        compile_matchers(parse_track(track))


@pytest.mark.parametrize("track", ["a=x OR y", "a=from:nasa", "a=-x", "a=(x y)", "a=lang:en"])
def test_operators_that_only_x_understands_are_refused_elsewhere(track: str) -> None:
    with pytest.raises(ConfigurationError, match="only X understands"):
        compile_matchers(parse_track(track))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I fly Delta a lot", ("delta",)),
        ("#delta rocks, @DELTA too, $delta", ("delta",)),
        ("deltawing is another thing", ()),
        ("the  ACME   Corp is good", ("acme",)),
        ("acme corp", ()),
        ("good acme corporation", ()),
        ("delta and the good acme\ncorp", ("delta", "acme")),
    ],
)
def test_whole_words_and_phrases_match_whatever_their_case(text: str, found: tuple[str, ...]) -> None:
    assert match_topics(compile_matchers(parse_track('delta, acme="acme corp" good')), text) == found


def test_x_needs_a_rule_of_at_most_1024_characters() -> None:
    with pytest.raises(ConfigurationError, match="missing"):
        require_rules("")
    with pytest.raises(ConfigurationError, match="1024"):
        require_rules("a=" + "b" * 1025)
    assert require_rules("acme=(acme OR corp) -is:retweet lang:en")
