"""Posts on the page lead to where they can be read and answered."""

from __future__ import annotations

from makers import make_result

from libs.dashboard.cards import find_address


def test_posts_lead_to_where_they_can_be_answered() -> None:
    assert find_address(make_result("12", source="x")) == "https://x.com/i/web/status/12"
    bluesky = make_result("bluesky:did:plc:abc/3k", source="bluesky")
    assert find_address(bluesky) == "https://bsky.app/profile/did:plc:abc/post/3k"
    assert find_address(make_result('"><script>', source="x")) == "https://x.com/i/web/status/%22%3E%3Cscript%3E"
    assert find_address(make_result("12")) == ""
