"""What the page shows for one choice of topic, period and label; asked once for all viewers within a moment."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from dash import html

from libs.page import charts, parts
from libs.page.layout import DEFAULT_MINUTES, PERIODS
from libs.questions import choose_bucket_seconds
from libs.results import Question
from libs.summary import summarize
from libs.times import now
from libs.words import find_driving_words
from sentiment.errors import SentimentError
from sentiment.labels import THREE_CLASSES

if TYPE_CHECKING:
    from libs.pipeline import Pipeline

OUTPUTS: Final = (
    ("alerts", "children"), ("topic", "options"), ("export", "href"), ("figures", "children"), ("over-time", "figure"),
    ("by-topic", "figure"), ("by-topic", "style"), ("topics", "children"), ("words", "children"), ("newest", "children"),
    ("negative", "children"), ("languages", "children"), ("gaps", "children"), ("health", "children"),
    ("updated", "children"),
)  # fmt: skip
"""Element and property of each value that ``View.refresh`` returns, in its order."""

_FRESH_SECONDS: Final = 2.0
_KEPT_VIEWS: Final = 100
_POSTS: Final = 12
_SAMPLE: Final = 400  # newest posts of each label that words are counted in
_WORDS: Final = 12

Choice = tuple[str, int, str]


class View:
    """Reads results and turns them into the page's parts."""

    def __init__(self, pipeline: Pipeline) -> None:
        """Start with nothing remembered."""
        self._pipeline = pipeline
        self._lock = threading.Lock()
        self._shown: dict[Choice, tuple[float, list[Any]]] = {}

    def refresh(self, topic: str, minutes: int | None, sentiment: str) -> list[Any]:
        """Return the values of ``OUTPUTS``; when results cannot be read, a page that says so."""
        choice = (
            topic,
            minutes if minutes in PERIODS else DEFAULT_MINUTES,
            sentiment if sentiment in THREE_CLASSES else "",
        )
        with self._lock:  # many viewers, one question
            made_at, values = self._shown.get(choice, (0.0, []))
            if time.monotonic() - made_at > _FRESH_SECONDS:
                values = self._try(*choice)
                if len(self._shown) >= _KEPT_VIEWS:
                    self._shown.clear()
                self._shown[choice] = (time.monotonic(), values)
        return values

    def _try(self, topic: str, minutes: int, sentiment: str) -> list[Any]:
        try:
            return self._make(topic, minutes, sentiment)
        except SentimentError as error:
            from dash import no_update

            notice = html.P(f"Results cannot be read at the moment: {error.detail}", className="card bad")
            return [notice, *[no_update] * (len(OUTPUTS) - 1)]

    def _make(self, topic: str, minutes: int, sentiment: str) -> list[Any]:
        results = self._pipeline.results
        summary = summarize(results, topic, minutes, choose_bucket_seconds(minutes))
        period = Question(
            topic=topic, sentiment=sentiment, since=summary["since"], before=summary["until"], limit=_POSTS
        )
        topics = [row["topic"] for row in summary["topics"]]
        if topic and topic not in topics:
            topics.append(topic)
        return [
            self._make_alerts(summary),
            [{"label": name, "value": name} for name in topics],
            "/api/tweets.csv?" + urlencode({"topic": topic, "sentiment": sentiment, "minutes": minutes}),
            parts.make_figures(summary),
            charts.draw_over_time(summary["buckets"]),
            charts.draw_topics(summary["topics"]),
            {"height": f"{charts.topics_height(summary['topics'])}px"},
            parts.make_topics(summary["topics"]),
            parts.make_words(self._find_words(period)),
            parts.make_posts(results.read(period)),
            parts.make_posts(results.read(period._replace(order="most_negative"))),
            parts.make_languages(summary["languages"]),
            parts.make_gaps(results.read_gaps(8), results.count_all()["dead_letters"]),
            self._make_health(),
            f"{summary['since'][:16].replace('T', ' ')} to {summary['until'][:16].replace('T', ' ')} UTC, updated {now()[11:19]}",
        ]

    def _make_alerts(self, summary: dict[str, Any]) -> list[Any]:
        reasons = self._pipeline.readiness().reasons
        notices = [html.P(reason, className="card bad") for reason in reasons]
        if not summary["posts"]:
            notices.append(html.P("Nothing is stored for this choice yet.", className="card"))
        return notices

    def _make_health(self) -> list[Any]:
        position, spooled = self._pipeline.read_state()
        return parts.make_health(self._pipeline.readiness().reasons, position, spooled)

    def _find_words(self, period: Question) -> dict[str, list[tuple[str, int]]]:
        sample = [
            result
            for label in THREE_CLASSES
            for result in self._pipeline.results.read(period._replace(sentiment=label, limit=_SAMPLE))
        ]
        return {label: find_driving_words(sample, label, _WORDS) for label in THREE_CLASSES}
