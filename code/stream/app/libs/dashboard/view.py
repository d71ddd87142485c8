"""What the page shows for one choice of topic, period and label; asked once for all viewers within a moment."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from dash import html

from libs.dashboard import charts, figures, parts
from libs.dashboard.layout import DEFAULT_MINUTES, PERIODS
from libs.dashboard.summary import fold_buckets, summarize
from libs.dashboard.words import find_driving_words
from libs.results import ResultsQuery
from libs.results.periods import choose_bucket_seconds
from libs.service.pipeline import Pipeline
from libs.values.result import Result
from libs.values.times import now, read_time
from sentiment.errors import SentimentError
from sentiment.model.labels import THREE_CLASSES

OUTPUTS: Final = (
    ("alerts", "children"), ("topic", "options"), ("export", "href"), ("figures", "children"), ("legend", "children"),
    ("over-time", "figure"), ("topics", "children"), ("words", "children"), ("newest", "children"),
    ("negative", "children"), ("languages", "children"), ("gaps", "children"), ("health", "children"),
    ("period", "children"), ("updated", "children"), ("updated", "className"),
)  # fmt: skip
"""Element and property of each value that ``View.refresh`` returns, in its order."""

_FRESH_SECONDS: Final = 2.0
_AT_REST: Final = (
    4.0  # times as long as an answer took: however many posts there are, most of the time goes to new ones
)
_PATIENCE_SECONDS: Final = 2.0
_LONG_AGO: Final = timedelta(minutes=5)
_GAPS: Final = 200
_GAPS_SHOWN: Final = 8
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
        self._shown: dict[Choice, tuple[float, list[Any]]] = {}  # until when it is fresh enough, and what it is

    def refresh(self, topic: str, minutes: int | None, sentiment: str) -> list[Any]:
        """Return the values of ``OUTPUTS``; when results cannot be read, a page that says so."""
        choice = (
            topic,
            minutes if minutes in PERIODS else DEFAULT_MINUTES,
            sentiment if sentiment in THREE_CLASSES else "",
        )
        # Many viewers, one reading of the store. Where that takes long they see what was: no thread waits for another's.
        if not self._lock.acquire(timeout=_PATIENCE_SECONDS):
            return self._shown[choice][1] if choice in self._shown else _tell("The posts are being counted …")
        try:
            valid_until, values = self._shown.get(choice, (0.0, []))
            started = time.monotonic()
            if started >= valid_until:
                values = self._try(*choice)
                if len(self._shown) >= _KEPT_VIEWS:
                    self._shown.clear()
                ended = time.monotonic()
                self._shown[choice] = (ended + max(_FRESH_SECONDS, _AT_REST * (ended - started)), values)
        finally:
            self._lock.release()
        return values

    def _try(self, topic: str, minutes: int, sentiment: str) -> list[Any]:
        try:
            return self._make(topic, minutes, sentiment)
        except SentimentError as error:
            return _tell(f"Results cannot be read at the moment: {error.detail}", "bad")

    def _make(self, topic: str, minutes: int, sentiment: str) -> list[Any]:
        results = self._pipeline.results
        summary = summarize(results, topic, minutes, choose_bucket_seconds(minutes))
        since, until = summary["since"], summary["until"]
        period = ResultsQuery(topic=topic, sentiment=sentiment, since=since, before=until, limit=_POSTS)
        topics = [row["topic"] for row in summary["topics"]]
        if topic and topic not in topics:
            topics.append(topic)
        newest_gaps = results.read_gaps(_GAPS)
        gaps = [gap for gap in newest_gaps if gap.started_at < until and (gap.ended_at or until) > since]
        sample = self._read_sample(period)
        reasons = self._pipeline.readiness().reasons
        return [
            self._make_alerts(reasons, summary),
            [{"label": name, "value": name} for name in topics],
            "/api/tweets.csv?" + urlencode({"topic": topic, "sentiment": sentiment, "minutes": minutes}),
            figures.make_figures(summary),
            parts.make_legend(charts.legend_of(gaps)),
            charts.draw_over_time(*self._choose_buckets(summary), gaps, until),
            parts.make_topics(summary["topics"]),
            parts.make_words(
                {label: find_driving_words(sample, label, _WORDS) for label in THREE_CLASSES}, len(sample)
            ),
            parts.make_posts(results.read(period)),
            parts.make_posts(results.read(period._replace(order="most_negative"))),
            parts.make_languages(summary["languages"]),
            parts.make_gaps(newest_gaps[:_GAPS_SHOWN], results.count_dead_letters()),
            parts.make_health(reasons, *self._pipeline.read_state()),
            _describe_period(since, until),
            f"{len(reasons)} problem{'s' * (len(reasons) > 1)}" if reasons else f"live · {now()[11:19]} UTC",
            "pill bad" if reasons else "pill good",
        ]

    def _make_alerts(self, reasons: list[str], summary: dict[str, Any]) -> list[Any]:
        notices = [html.P(reason, className="card bad") for reason in reasons]
        if not summary["posts"]:
            notices.append(html.P("Nothing is stored for this choice yet.", className="card"))
        return notices

    def _choose_buckets(self, summary: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
        """Return buckets that fill the chart, also when posts began to come only a short while ago."""
        buckets, bucket_seconds, until = summary["buckets"], summary["bucket_seconds"], summary["until"]
        while buckets:
            first = buckets[0]["start"]
            extent_minutes = math.ceil((read_time(until) - read_time(first)).total_seconds() / 60)
            finer_seconds = choose_bucket_seconds(max(1, extent_minutes))
            if finer_seconds >= bucket_seconds:
                break
            topic, since = summary["topic"] or "", max(first, summary["since"])
            buckets = fold_buckets(self._pipeline.results.count_over_time(topic, since, until, finer_seconds))
            bucket_seconds = finer_seconds
        return buckets, bucket_seconds

    def _read_sample(self, period: ResultsQuery) -> list[Result]:
        return [
            result
            for label in THREE_CLASSES
            for result in self._pipeline.results.read(period._replace(sentiment=label, limit=_SAMPLE))
        ]


def _tell(sentence: str, mood: str = "") -> list[Any]:
    """Return values that leave the page as it is but for a notice."""
    from dash import no_update

    return [html.P(sentence, className=f"card {mood}".strip()), *[no_update] * (len(OUTPUTS) - 1)]


def _describe_period(since: str, until: str) -> str:
    first, last = (datetime.fromisoformat(moment).strftime("%-d %b %Y %H:%M") for moment in (since, until))
    ended = datetime.now(UTC) - read_time(until) > _LONG_AGO
    return f"{first} to {last} UTC" + (", when the newest post was written" if ended else "")
