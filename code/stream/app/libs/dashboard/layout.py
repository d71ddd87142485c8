"""What stands where on the page; what changes is filled in by ``libs.dashboard.view``."""

from __future__ import annotations

from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from sentiment.model.labels import THREE_CLASSES

_REFRESH_MILLISECONDS: Final = 5_000
PERIODS: Final = {
    15: "last 15 minutes", 60: "last hour", 360: "last 6 hours", 1_440: "last day", 10_080: "last 7 days",
    43_200: "last 30 days", 525_600: "last 365 days",
}  # fmt: skip
DEFAULT_MINUTES: Final = 10_080
_GRAPH: Final[Any] = {"displayModeBar": False, "responsive": True}


def make_layout() -> Component:
    """Return the page's skeleton."""
    return html.Div(
        [
            dcc.Interval(id="tick", interval=_REFRESH_MILLISECONDS),
            _make_header(),
            html.Main(
                [
                    _make_filters(),
                    html.Div(id="alerts", role="status"),
                    html.Section(id="figures", className="figures"),
                    _card(
                        "Sentiment over time",
                        html.Div(id="legend", className="legend"),
                        _graph("over-time", 320),
                        wide=True,
                    ),
                    _card("Topics side by side", html.Div(id="topics"), wide=True),
                    _card("Words that drive each label", html.Div(id="words", className="words"), wide=True),
                    _card("Newest posts", html.Ul(id="newest", className="posts")),
                    _card("Most negative posts", html.Ul(id="negative", className="posts")),
                    _card("Languages seen", html.Div(id="languages")),
                    _card("Gaps and dead letters", html.Div(id="gaps")),
                    _card("Health", html.Div(id="health"), wide=True),
                ]
            ),
        ]
    )


def _make_header() -> Component:
    links = [("API", "/docs/"), ("Metrics", "/metrics")]
    return html.Header(
        [
            html.Div([html.H1("How people feel about it"), html.P(id="period", className="quiet")]),
            html.Nav([html.Span(id="updated", className="pill"), *(html.A(name, href=href) for name, href in links)]),
        ],
        className="bar",
    )


def _make_filters() -> Component:
    labels = [{"label": label.capitalize(), "value": label} for label in THREE_CLASSES]
    periods = [{"label": name, "value": minutes} for minutes, name in PERIODS.items()]
    return html.Section(
        [
            _field("Topic", dcc.Dropdown(id="topic", options=[], placeholder="all topics")),
            _field("Period", dcc.Dropdown(id="minutes", options=periods, value=DEFAULT_MINUTES, clearable=False)),
            _field("Posts labelled", dcc.Dropdown(id="sentiment", options=labels, placeholder="any label")),
            html.A("Download CSV", id="export", href="/api/tweets.csv", className="button", download=""),
        ],
        className="filters card",
    )


def _field(name: str, control: Component) -> Component:
    return html.Div([html.Label(name), control], className="field")


def _card(title: str, *children: Component, wide: bool = False) -> Component:
    return html.Section([html.H2(title), *children], className="card wide" if wide else "card")


def _graph(name: str, height_pixels: int) -> Component:
    return dcc.Graph(id=name, config=_GRAPH, style={"height": f"{height_pixels}px"})
