"""How the key figures show a change against the period before."""

from __future__ import annotations

from libs.dashboard.key_figures import make_figures
from libs.dashboard.summary import PeriodSummary
from libs.dashboard.totals import LabelTotal, PeriodChange, PeriodTotals


def make_summary(posts: int, before: int) -> PeriodSummary:
    labels: dict[str, float | None] = {"NEGATIVE": 0.06, "NEUTRAL": 0.0, "POSITIVE": -0.06}
    shares = {label: LabelTotal(10, 0.3) for label in labels}
    return PeriodSummary(
        topic="", since="2026-03-01T00:00:00.000Z", until="2026-03-02T00:00:00.000Z", bucket_seconds=900, posts=posts,
        mean_score=0.4, labels=shares, previous=PeriodTotals(before, 0.44, shares), change=PeriodChange(1.0, -0.04, labels),
        buckets=[], topics=[], languages=[],
    )  # fmt: skip


def test_a_change_is_shown_with_its_direction_and_only_where_posts_are_enough() -> None:
    tiles = [str(tile) for tile in make_figures(make_summary(100, 50))]
    assert "▲ 100%" in tiles[0]
    assert "▲ 6 pt" in tiles[1]
    assert "change bad" in tiles[1]
    assert "unchanged" in tiles[2]
    assert "▼ 6 pt" in tiles[3]
    assert "▼ 0.04" in tiles[4]
    few = make_figures(make_summary(40, 20))
    assert "pt" not in str(few[1])
