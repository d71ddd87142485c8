"""The page's two charts. Colours stand on light and dark ground alike."""

from __future__ import annotations

from typing import Any, Final

import plotly.graph_objects as go

from sentiment.labels import NEGATIVE, NEUTRAL, POSITIVE

COLORS: Final = {NEGATIVE: "#d9485f", NEUTRAL: "#8a91a5", POSITIVE: "#1d9a6c"}
_SCORE: Final = "#5b6ee1"
_TEXT: Final = "#7b8296"
_GRID: Final = "rgba(128,136,160,0.22)"
_MOST_TOPICS: Final = 12


def draw_over_time(buckets: list[dict[str, Any]]) -> go.Figure:
    """Return posts by label as stacked bars (volume, left) and the mean score as a line (right, 0 to 1)."""
    starts = [bucket["start"] for bucket in buckets]
    figure = go.Figure()
    for label, color in COLORS.items():
        counts = [bucket[label] for bucket in buckets]
        figure.add_bar(x=starts, y=counts, name=label.capitalize(), marker={"color": color, "line": {"width": 0}})
    means = [bucket["mean_score"] for bucket in buckets]
    line = {"color": _SCORE, "width": 2, "shape": "spline", "smoothing": 0.4}
    figure.add_scatter(x=starts, y=means, name="Mean score", yaxis="y2", mode="lines", line=line)
    figure.update_layout(
        barmode="stack",
        bargap=0.12,
        xaxis={"type": "date"},
        yaxis={"title": "posts", "rangemode": "tozero"},
        yaxis2={
            "title": "score",
            "overlaying": "y",
            "side": "right",
            "range": [0, 1],
            "showgrid": False,
            "tickmode": "array",
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
        },
    )
    return _style(figure)


def draw_topics(topics: list[dict[str, Any]]) -> go.Figure:
    """Return the share of each label by topic, the most posted about on top."""
    shown = list(reversed(topics[:_MOST_TOPICS]))
    figure = go.Figure()
    for label, color in COLORS.items():
        shares = [topic["labels"][label]["share"] for topic in shown]
        figure.add_bar(
            y=[topic["topic"] for topic in shown],
            x=shares,
            name=label.capitalize(),
            orientation="h",
            marker={"color": color, "line": {"width": 0}},
            texttemplate="%{x:.0%}",
            textfont={"color": "#fff"},
            hovertemplate="%{y}: %{x:.1%}",
        )
    figure.update_layout(
        barmode="stack", bargap=0.3, xaxis={"tickformat": ".0%", "range": [0, 1]}, yaxis={"type": "category"}
    )
    return _style(figure)


def topics_height(topics: list[dict[str, Any]]) -> int:
    """Return the pixels that the bars of these topics need."""
    return 100 + 34 * max(1, min(len(topics), _MOST_TOPICS))


def _style(figure: go.Figure) -> go.Figure:
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": _TEXT, "family": "system-ui, sans-serif", "size": 13},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"},
        hovermode="closest",
        template="none",
        uirevision="kept",
    )
    figure.update_xaxes(gridcolor=_GRID, zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=_GRID, zeroline=False, automargin=True)
    return figure
