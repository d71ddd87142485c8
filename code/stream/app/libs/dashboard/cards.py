"""What the page's cards hold: posts, words, topics, languages, gaps, health.

Text from posts only ever becomes text of an element, which React escapes.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from libs.dashboard.key_figures import has_enough_posts, show_points
from libs.dashboard.summary import TopicSummary
from libs.dashboard.totals import LabelTotal
from libs.results import LanguageCount
from libs.values.position import Position
from libs.values.result import Result
from libs.values.tweet import Gap
from sentiment.model.labels import NEGATIVE

_MOST_TOPICS: Final = 12
_LEAST_WRITTEN: Final = 0.08  # a narrower segment of the bar has no room for its share
_TOPIC_NAMES: Final = ["Topic", "Posts", "Negative, neutral, positive", "Negative share", "Score"]


def make_legend(shown: list[tuple[str, str, str]]) -> list[Component]:
    """Return what the chart's colours mean."""
    return [
        html.Span([html.I(className=mark, style={"background": color}), name], className="key")
        for name, color, mark in shown
    ]


def make_posts(results: list[Result]) -> list[Component]:
    """Return posts with their label, score, author, date and topics."""
    return [_make_post(result) for result in results] or [html.Li("No posts in this period.", className="quiet")]


def make_words(words: dict[str, list[tuple[str, int]]], sample: int) -> list[Component]:
    """Return the words of each label with the number of posts they are in."""
    columns = [
        html.Div(
            [
                html.H3(label.capitalize(), className=label),
                html.P([html.Span([word, html.Small(f"{posts:,}")], className="chip") for word, posts in found])
                if found
                else html.P("Too few posts to tell.", className="quiet"),
            ]
        )
        for label, found in words.items()
    ]
    note = f"Said more in a label's posts than in the others, beyond chance; counted in the newest {sample:,} posts."
    return [*columns, html.P(note, className="quiet small whole")]


def make_topics(topics: list[TopicSummary]) -> list[Component]:
    """Return the topics with the most posts side by side: volume, shares as a bar, change of the negative share, score."""
    if not topics:
        return [html.P("No topics in this period.", className="quiet")]
    rows = [
        [
            topic.topic,
            f"{topic.posts:,}",
            _make_bar(topic.labels),
            [f"{topic.labels[NEGATIVE].share:.0%} ", _show_negative_change(topic)],
            f"{topic.mean_score:.2f}",
        ]
        for topic in topics[:_MOST_TOPICS]
    ]
    parts = [make_table(_TOPIC_NAMES, rows, "topics")]
    if len(topics) > _MOST_TOPICS:
        rest = f"and {len(topics) - _MOST_TOPICS} topics with fewer posts: choose one above to see it."
        parts.append(html.P(rest, className="quiet small"))
    return parts


def make_languages(languages: list[LanguageCount]) -> Component:
    """Return languages with scored and skipped posts."""
    rows = [[row.lang or "not given by the source", f"{row.scored:,}", f"{row.skipped:,}"] for row in languages[:12]]
    return make_table(["Language", "Scored", "Not scored"], rows) if rows else html.P("None yet.", className="quiet")


def make_gaps(gaps: list[Gap], dead_letters: int) -> list[Component]:
    """Return the gap ledger's newest rows and the number of dead letters."""
    rows = [
        [
            gap.started_at[:19].replace("T", " "),
            _show_end(gap),
            gap.reason.replace("_", " "),
            "yes" if gap.recovered else "no",
        ]
        for gap in gaps
    ]
    table = (
        make_table(["From (UTC)", "To", "Reason", "Recovered"], rows)
        if rows
        else html.P("No gaps: nothing was missed.", className="quiet")
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


def make_table(names: list[str], rows: list[list[Any]], kind: str = "") -> Component:
    """Return a table that scrolls inside its card on a narrow screen."""
    head = html.Thead(html.Tr([html.Th(name) for name in names]))
    body = html.Tbody([html.Tr([html.Td(cell) for cell in row]) for row in rows])
    return html.Div(html.Table([head, body], className=kind), className="scroll")


def _show_negative_change(topic: TopicSummary) -> Component | None:
    return show_points(topic.change.labels[NEGATIVE], NEGATIVE) if has_enough_posts(topic) else None


def _make_bar(labels: dict[str, LabelTotal]) -> Component:
    return html.Div(
        [_make_segment(label, found.count, found.share or 0.0) for label, found in labels.items()], className="shares"
    )


def _make_segment(label: str, count: int, share: float) -> Component:
    return html.Span(
        f"{share:.0%}" if share >= _LEAST_WRITTEN else "",
        className=f"share {label}",
        style={"width": f"{100 * share:.2f}%"},
        title=f"{label.capitalize()}: {count:,} posts, {share:.1%}",
    )


def _make_post(result: Result) -> Component:
    score = html.Span([result.sentiment.capitalize(), f" {result.score:.2f}"], className=f"label {result.sentiment}")
    moment = f"{result.data[:16].replace('T', ' ')} UTC"
    address = find_address(result)
    shown = html.A(moment, href=address, target="_blank", rel="noopener noreferrer") if address else moment
    facts = [result.user, " · ", shown, *(f" · {topic}" for topic in result.topics)]
    text = result.twitter_raw if len(result.twitter_raw) <= 600 else result.twitter_raw[:600] + " …"
    return html.Li([html.P(text, dir="auto"), html.Div([score, html.Span(facts, className="quiet small")])])


def find_address(result: Result) -> str:
    """Return where a post can be read and answered, or nothing for a replayed one. Ids are strangers' text: all quoted."""
    if result.source == "x":
        return f"https://x.com/i/web/status/{quote(result.id, safe='')}"
    author, _, key = result.id.removeprefix("bluesky:").rpartition("/")
    if result.source == "bluesky" and author:
        return f"https://bsky.app/profile/{quote(author, safe=':')}/post/{quote(key, safe='')}"
    return ""


def _show_end(gap: Gap) -> str:
    if not gap.ended_at:
        return "still open"
    same_day = gap.ended_at[:10] == gap.started_at[:10]
    return gap.ended_at[11:19] if same_day else gap.ended_at[:19].replace("T", " ")
