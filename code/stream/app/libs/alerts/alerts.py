"""Alerts posted to a webhook: a topic's negative share jumps, a gap opens or closes, or nothing arrives any more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
import requests
from pydantic import SecretStr

from libs.results import Results
from libs.service.metrics import ALERTS
from libs.service.settings import Role
from libs.values.status import PipelineStatus
from libs.values.times import format_time, read_time
from sentiment.errors import SentimentError
from sentiment.model.labels import NEGATIVE
from sentiment.service.clock import Clock

logger = logging.getLogger(__name__)

_EVERY_SECONDS: Final = 60.0
_TIMEOUT_SECONDS: Final = 10.0
_RECENT: Final = timedelta(minutes=15)
_BASELINE: Final = timedelta(hours=24)
_LEAST_POSTS: Final = 30  # fewer give no share worth comparing
_JUMP: Final = 0.15
_SURE_Z: Final = 3.0  # the jump must be beyond chance as well (two-proportion z-test)
_QUIET: Final = timedelta(minutes=15)
_AGAIN: Final = timedelta(hours=1)  # the same alert is not sent more often


class Alerts:
    """Looks every minute and posts each alert as JSON with a Slack-compatible ``text``, at most once an hour.

    What cannot be delivered is tried again a minute later for as long as it is true.
    """

    def __init__(
        self, url: SecretStr, role: Role, results: Results, read_status: Callable[[], PipelineStatus], clock: Clock
    ) -> None:
        """Start with nothing sent; gaps that ended before this moment are not reported."""
        self._url = url
        self._role = role
        self._results = results
        self._read_status = read_status
        self._clock = clock
        self._sent: dict[str, datetime] = {}
        self._started = clock.now()

    def run(self) -> None:
        """Look until ``StoppedError``."""
        while True:
            self._clock.wait(_EVERY_SECONDS)
            try:
                self.look()
            except SentimentError as error:
                logger.warning("alerts cannot look", extra={"code": error.code, "detail": error.detail})

    def look(self) -> None:
        """Post what is wrong at this moment."""
        now = self._clock.now()
        self._sent = {key: moment for key, moment in self._sent.items() if now - moment < _AGAIN}
        for key, text in self._find(now):
            if key not in self._sent and self._post(key, text):
                self._sent[key] = now

    def _find(self, now: datetime) -> Iterator[tuple[str, str]]:
        """Yield what this role is to report: where two processes share the work, each reports its own part."""
        if self._role != "ingest":
            yield from find_jumps(self._results, now)
        if self._role != "analyze":
            yield from find_gaps(self._results, self._started, now)
            position = self._read_status().position
            yield from find_silence(position.seen_at if position and not position.finished else "", now)

    def _post(self, key: str, text: str) -> bool:
        body = {"text": text, "alert": key.partition(":")[0], "at": format_time(self._clock.now())}
        try:
            answer = requests.post(
                self._url.get_secret_value(),
                data=orjson.dumps(body),
                headers={"Content-Type": "application/json"},
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            logger.warning("alert not delivered", extra={"alert": key, "detail": type(error).__name__})
            return False
        if answer.status_code >= 300:
            logger.warning("alert not delivered", extra={"alert": key, "status": answer.status_code})
            return False
        ALERTS.labels(body["alert"]).inc()
        return True


def find_jumps(results: Results, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield topics whose negative share over 15 minutes is 15 points and three standard errors above the day's before."""
    middle, end = format_time(now - _RECENT), format_time(now)
    before = _shares(results, format_time(now - _RECENT - _BASELINE), middle)
    for topic, (negative, posts) in _shares(results, middle, end).items():
        old_negative, old_posts = before.get(topic, (0, 0))
        if posts < _LEAST_POSTS or old_posts < _LEAST_POSTS:
            continue
        share, old_share = negative / posts, old_negative / old_posts
        pooled = (negative + old_negative) / (posts + old_posts)
        error = (pooled * (1 - pooled) * (1 / posts + 1 / old_posts)) ** 0.5
        if share - old_share >= _JUMP and share - old_share >= _SURE_Z * error:
            yield (
                f"negative_jump:{topic}",
                f"{topic}: {share:.0%} of {posts} posts in the last 15 minutes are negative, {old_share:.0%} in the day before.",
            )


def find_gaps(results: Results, since: datetime, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield gaps that opened after ``since`` and are open, and those that ended after it within the last hour.

    The latter may have begun long before: a gap that a restart left is known when it is over.
    """
    ended_after = format_time(max(since, now - _AGAIN))
    for gap in results.read_gaps(20):
        what = f"Gap in {gap.source} since {gap.started_at} ({gap.reason})"
        if gap.ended_at >= ended_after:
            rest = "all posts of it were recovered" if gap.recovered else "its posts are not recovered"
            yield f"gap_closed:{gap.id}", f"{what}, over since {gap.ended_at}; {rest}."
        elif not gap.ended_at and gap.started_at >= format_time(since):
            yield f"gap:{gap.id}", f"{what}, still open."


def find_silence(seen_at: str, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield an alert when nothing has come from the source for 15 minutes; ``seen_at`` empty = nothing is expected."""
    if seen_at and now.astimezone(UTC) - read_time(seen_at) >= _QUIET:
        yield "nothing_arrives:", f"Nothing has arrived since {seen_at}."


def _shares(results: Results, since: str, before: str) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for topic, label, posts, _ in results.count_topics(since, before):
        negative, total = counts.get(topic, (0, 0))
        counts[topic] = (negative + posts * (label == NEGATIVE), total + posts)
    return counts
