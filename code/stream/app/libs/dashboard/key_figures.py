"""The key figures, and how a change against the period before is shown: its direction, its size, and whether it is good."""

from __future__ import annotations

from typing import Final

from dash import html
from dash.development.base_component import Component

from libs.dashboard.summary import PeriodSummary
from libs.dashboard.totals import ComparedTotals
from sentiment.model.labels import NEGATIVE, POSITIVE, THREE_CLASSES

_UNSEEN: Final = 0.005  # a change that rounds to nothing
_TIMES_FROM: Final = 10.0  # a volume that grew this much is written as "12 times"
_LEAST_POSTS: Final = 30  # a share of fewer posts says nothing, nor does its change


def make_figures(summary: PeriodSummary) -> list[Component]:
    """Return the key figures with their change against the period before."""
    change, before = summary.change, summary.previous.posts
    note = f"{before:,} in the period before" if before else "none in the period before"
    tiles = [_tile("Posts", f"{summary.posts:,}", _show_volume(change.posts), "", note)]
    for label in THREE_CLASSES:
        now = summary.labels[label]
        value = "–" if now.share is None else f"{now.share:.0%}"
        moved = show_points(change.labels[label], label) if has_enough_posts(summary) else None
        tiles.append(_tile(label.capitalize(), value, moved, label, f"{now.count:,} posts"))
    score = "–" if summary.mean_score is None else f"{summary.mean_score:.2f}"
    moved = _show_score(change.mean_score) if has_enough_posts(summary) else None
    tiles.append(_tile("Mean score", score, moved, "", "0 negative, 1 positive"))
    return tiles


def has_enough_posts(row: ComparedTotals) -> bool:
    """Tell whether a row has enough posts, now and in the period before, for its shares to be compared."""
    ratio = row.change.posts
    return ratio is not None and min(row.posts, row.posts / (ratio + 1)) >= _LEAST_POSTS


def show_points(shift: float | None, label: str) -> Component | None:
    """Return the change of a label's share in percentage points; nothing where there is nothing to compare with."""
    if shift is None:
        return None
    good = {POSITIVE: True, NEGATIVE: False}.get(label)
    return _show_change(shift, f"{abs(100 * shift):.0f} pt", good_if_up=good)


def _show_score(shift: float | None) -> Component | None:
    return None if shift is None else _show_change(shift, f"{abs(shift):.2f}", good_if_up=True)


def _show_volume(ratio: float | None) -> Component | None:
    if ratio is None:
        return None
    size = f"{ratio + 1:,.0f} times" if ratio >= _TIMES_FROM else f"{abs(ratio):.0%}"
    return _show_change(ratio, size, good_if_up=None)


def _show_change(shift: float, size: str, *, good_if_up: bool | None) -> Component:
    if abs(shift) < _UNSEEN:
        return html.Span("unchanged", className="change")
    mood = "" if good_if_up is None else " good" if (shift > 0) == good_if_up else " bad"
    title = "against the period of the same length before"
    return html.Span(f"{'▲' if shift > 0 else '▼'} {size}", className=f"change{mood}", title=title)


def _tile(name: str, value: str, change: Component | None, label: str, note: str) -> Component:
    parts = [html.Span(name, className="name"), html.Strong(value, className=f"value {label}".strip()), change]
    return html.Div([*parts, html.Span(note, className="quiet small")], className="card tile")
