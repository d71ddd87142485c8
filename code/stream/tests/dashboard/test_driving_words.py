"""Which words are shown for a label."""

from __future__ import annotations

from makers import make_result

from libs.dashboard.driving_words import find_driving_words


def test_words_that_drive_a_label_are_those_its_posts_use_more() -> None:
    negative = [make_result(str(n), sentiment="NEGATIVE", twitter_clean="my bags are lost again") for n in range(20)]
    positive = [make_result(f"p{n}", twitter_clean="my bags are here and lovely") for n in range(20)]
    words = dict(find_driving_words(negative + positive, "NEGATIVE", 5))
    assert words == {"lost": 20, "again": 20}
