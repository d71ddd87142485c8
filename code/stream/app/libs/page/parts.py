"""Pieces of the page. Text from posts only ever becomes text of an element, which React escapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import html

from sentiment.labels import THREE_CLASSES

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from libs.results import Result
    from libs.sources import Position
    from libs.tweet import Gap


def make_figures(summary: dict[str, Any]) -> list[Component]:
    """Return the key figures with their change against the period before."""
    change = summary["change"]
    tiles = [_tile("Posts", f"{summary['posts']:,}", _percent(change["posts"]), "")]
    for label in THREE_CLASSES:
        now, shift = summary["labels"][label], change["labels"][label]
        value = "–" if now["share"] is None else f"{now['share']:.0%}"
        tiles.append(_tile(label.capitalize(), value, _points(shift), label, f"{now['count']:,} posts"))
    score = "–" if summary["mean_score"] is None else f"{summary['mean_score']:.2f}"
    shift = change["mean_score"]
    tiles.append(_tile("Mean score", score, "" if shift is None else f"{shift:+.2f}", "", "0 negative, 1 positive"))
    return tiles


def make_posts(results: list[Result]) -> list[Component]:
    """Return posts with their label, score, author, date and topics."""
    return [_make_post(result) for result in results] or [html.Li("No posts in this period.", className="quiet")]


def make_words(words: dict[str, list[tuple[str, int]]]) -> list[Component]:
    """Return a list of words for each label."""
    return [
        html.Div(
            [
                html.H3(label.capitalize(), className=label),
                html.Ul([html.Li([word, html.Span(str(posts), className="quiet")]) for word, posts in found])
                if found
                else html.P("Too few posts to tell.", className="quiet"),
            ]
        )
        for label, found in words.items()
    ]


def make_topics(topics: list[dict[str, Any]]) -> Component:
    """Return the topics' numbers as a table."""
    if not topics:
        return html.P("No topics in this period.", className="quiet")
    rows = [
        [
            topic["topic"],
            f"{topic['posts']:,}",
            *(f"{topic['labels'][label]['share']:.0%}" for label in THREE_CLASSES),
            f"{topic['mean_score']:.2f}",
        ]
        for topic in topics
    ]
    return make_table(["Topic", "Posts", "Neg.", "Neut.", "Pos.", "Score"], rows)


def make_languages(languages: list[dict[str, Any]]) -> Component:
    """Return languages with scored and skipped posts."""
    rows = [[row["lang"] or "not given", f"{row['scored']:,}", f"{row['skipped']:,}"] for row in languages[:12]]
    return make_table(["Language", "Scored", "Not scored"], rows) if rows else html.P("None yet.", className="quiet")


def make_gaps(gaps: list[Gap], dead_letters: int) -> list[Component]:
    """Return the gap ledger's newest rows and the number of dead letters."""
    rows = [
        [
            gap.started_at[:19].replace("T", " "),
            gap.ended_at[11:19] or "still open",
            gap.reason,
            "yes" if gap.recovered else "no",
        ]
        for gap in gaps
    ]
    table = (
        make_table(["From (UTC)", "To", "Reason", "Recovered"], rows) if rows else html.P("No gaps.", className="quiet")
    )
    link = html.A("dead letters", href="/api/dead-letters")
    return [table, html.P([f"{dead_letters:,} ", link, " (posts that could not be read, scored or stored)"])]


def make_health(reasons: list[str], position: Position | None, spooled: int) -> list[Component]:
    """Return what works and what does not."""
    state = [html.Li(reason, className="bad") for reason in reasons] or [html.Li("Everything works.", className="good")]
    facts = [f"{spooled:,} posts wait in the spool."]
    if position and position.seen_at:
        done = "; the replay is finished" if position.finished else ""
        facts.append(
            f"{position.emitted:,} posts read, the last at {position.seen_at[:19].replace('T', ' ')} UTC{done}."
        )
    return [html.Ul(state, className="health"), *(html.P(fact, className="quiet") for fact in facts)]


def make_table(names: list[str], rows: list[list[str]]) -> Component:
    """Return a table that scrolls inside its card on a narrow screen."""
    head = html.Thead(html.Tr([html.Th(name) for name in names]))
    body = html.Tbody([html.Tr([html.Td(cell) for cell in row]) for row in rows])
    return html.Div(html.Table([head, body]), className="scroll")


def _tile(name: str, value: str, change: str, label: str, note: str = "") -> Component:
    parts = [html.Span(name, className="name"), html.Strong(value, className=f"value {label}".strip())]
    if change:
        parts.append(html.Span(change, className="change", title="against the period of the same length before"))
    return html.Div([*parts, html.Span(note, className="quiet small")], className="card tile")


def _make_post(result: Result) -> Component:
    score = html.Span([result.sentiment.capitalize(), f" {result.score:.2f}"], className=f"label {result.sentiment}")
    facts = [result.user, f"{result.data[:16].replace('T', ' ')} UTC", *result.topics]
    text = result.twitter_raw if len(result.twitter_raw) <= 600 else result.twitter_raw[:600] + " …"
    return html.Li([html.P(text, dir="auto"), html.Div([score, html.Span(" · ".join(facts), className="quiet small")])])


def _percent(change: float | None) -> str:
    return "" if change is None else f"{change:+.0%}"


def _points(change: float | None) -> str:
    return "" if change is None else f"{100 * change:+.0f} points"
