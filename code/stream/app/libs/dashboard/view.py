"""What the page shows for one choice of topic, period and label; made once for all viewers within a moment."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from dash import html, no_update

from libs.dashboard import cards, chart
from libs.dashboard.driving_words import find_driving_words
from libs.dashboard.key_figures import make_figures
from libs.dashboard.layout import DEFAULT_MINUTES, PERIODS
from libs.dashboard.summary import BucketSummary, PeriodSummary, fold_buckets, summarize
from libs.results import Results, ResultsQuery
from libs.results.periods import choose_bucket_seconds
from libs.values.result import Result
from libs.values.status import PipelineStatus
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
_REST_FACTOR: Final = 4.0  # an answer is kept this many times as long as it took: most of the time goes to new posts
_LOCK_SECONDS: Final = 2.0
_LONG_AGO: Final = timedelta(minutes=5)
_GAPS: Final = 200
_GAPS_SHOWN: Final = 8
_KEPT_CHOICES: Final = 100
_POSTS: Final = 12
_SAMPLE: Final = 400  # newest posts of each label that words are counted in
_WORDS: Final = 12

Choice = tuple[str, int, str]
"""Topic, minutes and label."""


class View:
    """Reads results and turns them into the values of the page's elements."""

    def __init__(self, results: Results, read_status: Callable[[], PipelineStatus]) -> None:
        """Start with nothing remembered."""
        self._results = results
        self._read_status = read_status
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
        if not self._lock.acquire(timeout=_LOCK_SECONDS):
            return self._shown[choice][1] if choice in self._shown else _make_notice("The posts are being counted …")
        try:
            valid_until, values = self._shown.get(choice, (0.0, []))
            started = time.monotonic()
            if started >= valid_until:
                values = self._try(*choice)
                if len(self._shown) >= _KEPT_CHOICES:
                    self._shown.clear()
                ended = time.monotonic()
                self._shown[choice] = (ended + max(_FRESH_SECONDS, _REST_FACTOR * (ended - started)), values)
        finally:
            self._lock.release()
        return values

    def _try(self, topic: str, minutes: int, sentiment: str) -> list[Any]:
        try:
            return self._make(topic, minutes, sentiment)
        except SentimentError as error:
            return _make_notice(f"Results cannot be read at the moment: {error.detail}", "bad")

    def _make(self, topic: str, minutes: int, sentiment: str) -> list[Any]:
        summary = summarize(self._results, topic, minutes, choose_bucket_seconds(minutes))
        since, until = summary.since, summary.until
        query = ResultsQuery(topic=topic, sentiment=sentiment, since=since, before=until, limit=_POSTS)
        newest_gaps = self._results.read_gaps(_GAPS)
        gaps = [gap for gap in newest_gaps if gap.started_at < until and (gap.ended_at or until) > since]
        sample = self._read_sample(query)
        status = self._read_status()
        return [
            _make_alerts(status.problems, summary),
            _list_topics(topic, summary),
            "/api/tweets.csv?" + urlencode({"topic": topic, "sentiment": sentiment, "minutes": minutes}),
            make_figures(summary),
            cards.make_legend(chart.legend_of(gaps)),
            chart.draw_over_time(*self._choose_buckets(summary), gaps, until),
            cards.make_topics(summary.topics),
            cards.make_words(
                {label: find_driving_words(sample, label, _WORDS) for label in THREE_CLASSES}, len(sample)
            ),
            cards.make_posts(self._results.read(query)),
            cards.make_posts(self._results.read(query._replace(order="most_negative"))),
            cards.make_languages(summary.languages),
            cards.make_gaps(newest_gaps[:_GAPS_SHOWN], self._results.count_dead_letters()),
            cards.make_health(status.problems, status.position, status.spooled),
            _describe_period(since, until),
            *_describe_state(status.problems),
        ]

    def _choose_buckets(self, summary: PeriodSummary) -> tuple[list[BucketSummary], int]:
        """Return buckets that fill the chart, also when posts began to come only a short while ago."""
        buckets, bucket_seconds = summary.buckets, summary.bucket_seconds
        while buckets:
            first = buckets[0].start
            extent_minutes = math.ceil((read_time(summary.until) - read_time(first)).total_seconds() / 60)
            finer_seconds = choose_bucket_seconds(max(1, extent_minutes))
            if finer_seconds >= bucket_seconds:
                break
            since = max(first, summary.since)
            counts = self._results.count_over_time(summary.topic, since, summary.until, finer_seconds)
            buckets, bucket_seconds = fold_buckets(counts), finer_seconds
        return buckets, bucket_seconds

    def _read_sample(self, query: ResultsQuery) -> list[Result]:
        return [
            result
            for label in THREE_CLASSES
            for result in self._results.read(query._replace(sentiment=label, limit=_SAMPLE))
        ]


def _make_alerts(problems: list[str], summary: PeriodSummary) -> list[Any]:
    notices = [html.P(problem, className="card bad") for problem in problems]
    if not summary.posts:
        notices.append(html.P("Nothing is stored for this choice yet.", className="card"))
    return notices


def _make_notice(sentence: str, mood: str = "") -> list[Any]:
    """Return values that leave the page as it is but for a notice."""
    return [html.P(sentence, className=f"card {mood}".strip()), *[no_update] * (len(OUTPUTS) - 1)]


def _list_topics(chosen: str, summary: PeriodSummary) -> list[dict[str, str]]:
    topics = [row.topic for row in summary.topics]
    if chosen and chosen not in topics:
        topics.append(chosen)
    return [{"label": topic, "value": topic} for topic in topics]


def _describe_state(problems: list[str]) -> tuple[str, str]:
    """Return the text and the class of the mark that says whether all is well."""
    if problems:
        return f"{len(problems)} problem{'s' * (len(problems) > 1)}", "pill bad"
    return f"live · {now()[11:19]} UTC", "pill good"


def _describe_period(since: str, until: str) -> str:
    first, last = (datetime.fromisoformat(moment).strftime("%-d %b %Y %H:%M") for moment in (since, until))
    ended = datetime.now(UTC) - read_time(until) > _LONG_AGO
    return f"{first} to {last} UTC" + (", when the newest post was written" if ended else "")
