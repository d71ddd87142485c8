"""The page's chart over time. Its colours can be read on light and dark ground alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import plotly.graph_objects as go

from libs.dashboard.summary import BucketSummary
from libs.values.times import read_time
from libs.values.tweet import Gap
from sentiment.model.labels import NEGATIVE, NEUTRAL, POSITIVE

COLORS: Final = {NEGATIVE: "#d9485f", NEUTRAL: "#8a91a5", POSITIVE: "#1d9a6c"}
_SCORE: Final = "#5b6ee1"
_GAP: Final = "#e0a100"
_TEXT: Final = "#7b8296"
_GRID: Final = "rgba(128,136,160,0.22)"
_OF_A_BUCKET: Final = 0.86  # a bar's width: the rest is air


def draw_over_time(buckets: Sequence[BucketSummary], bucket_seconds: int, gaps: Sequence[Gap], until: str) -> go.Figure:
    """Return posts by label as stacked bars (volume, left), the mean score as a line (right, 0 to 1), gaps as shadows."""
    starts = [bucket.start for bucket in buckets]
    figure = go.Figure()
    for label, color in COLORS.items():
        figure.add_bar(
            x=starts,
            y=[bucket.counts[label] for bucket in buckets],
            name=label.capitalize(),
            marker={"color": color, "line": {"width": 0}},
            offset=0,
            width=1000 * bucket_seconds * _OF_A_BUCKET,  # milliseconds on an axis of dates
        )
    middles = [_move(start, bucket_seconds / 2) for start in starts]
    figure.add_scatter(
        x=middles,
        y=[bucket.mean_score for bucket in buckets],
        name="Mean score",
        yaxis="y2",
        mode="lines+markers",
        marker={"size": 4},
        line={"color": _SCORE, "width": 2},
        hovertemplate="%{y:.2f}",
    )
    for gap in gaps:
        figure.add_vrect(
            x0=gap.started_at, x1=gap.ended_at or until, fillcolor=_GAP, opacity=0.25, line_width=0, layer="below"
        )
    return _style(figure, [starts[0], until] if starts else None)


def legend_of(gaps: Sequence[Gap]) -> list[tuple[str, str, str]]:
    """Return ``(name, colour, mark)`` of all that the chart shows."""
    shown = [(label.capitalize(), color, "box") for label, color in COLORS.items()]
    shown.append(("Mean score (right axis, 0 negative to 1 positive)", _SCORE, "line"))
    return [*shown, ("Gap: posts may be missing", _GAP, "box")] if gaps else shown


def _move(start: str, seconds: float) -> str:
    return (read_time(start) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")[:23]


def _style(figure: go.Figure, span: list[str] | None) -> go.Figure:
    figure.update_layout(
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": _TEXT, "family": "system-ui, sans-serif", "size": 13},
        showlegend=False,
        barmode="stack",
        hovermode="x unified",
        template="none",
        uirevision="kept",
        xaxis={"type": "date", "range": span, "gridcolor": _GRID, "zeroline": False, "automargin": True},
        yaxis={"rangemode": "tozero", "gridcolor": _GRID, "zeroline": False, "automargin": True, "nticks": 5},
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "range": [0, 1],
            "showgrid": False,
            "zeroline": False,
            "automargin": True,
            "tickmode": "array",
            "tickvals": [0, 0.5, 1],
        },
    )
    return figure
