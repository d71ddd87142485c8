"""Follow the store's current release: a new one is verified, loaded and swapped in; a bad one is refused, the old one stays."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from libs.model.fetching import drop_stale_releases
from libs.model.live import LiveModel, ReleaseRefusal
from libs.model.loading import LoadRelease, load_in_time
from libs.model.trial import OUTCOME_SECONDS, try_release
from libs.service.metrics import RELOADS, show_version
from libs.service.settings import ServeSettings
from sentiment.errors import KeyMissingError, PermanentError, ReleaseError, TransientError
from sentiment.release.promotion import Current, TaggedCurrent, read_current, read_history
from sentiment.service.threads import start_thread
from sentiment.store import Store

logger = logging.getLogger(__name__)


class ReleaseWatcher:
    """One per worker. ``look`` is one round, and a test may call it by itself."""

    def __init__(self, store: Store, settings: ServeSettings, live: LiveModel, load: LoadRelease) -> None:
        """Nothing is read before the first look."""
        self._store = store
        self._settings = settings
        self._live = live
        self._load = load
        self._refused_etag = ""
        self._retry_at = 0.0
        self._first_look = threading.Event()

    def start(self) -> None:
        """Look again and again in the background, for as long as the process lives."""
        start_thread("release-watcher", self._follow)

    def wait_first_look(self, seconds: float) -> None:
        """Return when the first look is over, or after ``seconds``: a slow store must not keep the worker from booting."""
        self._first_look.wait(seconds)

    def look(self) -> None:
        """Bring the live model in line with ``current.json``, or note why that cannot be."""
        try:
            tagged = read_current(self._store)
            self._live.store_problem = None
            if tagged is not None:
                self._follow_current(tagged)
        except ReleaseError as error:
            self._refuse("current.json", error)
        except (PermanentError, TransientError) as error:
            self._live.store_problem = error.detail
            RELOADS.labels("store_down").inc()
            logger.warning("the store cannot be read", extra={"code": error.code, "detail": error.detail})

    def _follow(self) -> None:
        # Half the promised time between looks leaves the other half for trial and loading.
        while True:
            try:
                self.look()
            except Exception:
                RELOADS.labels("failed").inc()
                logger.exception("following current.json failed; trying again")
            self._first_look.set()
            time.sleep(self._settings.model_poll_seconds / 2)

    def _follow_current(self, tagged: TaggedCurrent) -> None:
        version = tagged.current.version
        if version == self._live.version:
            self._live.refusal = None
        elif tagged.etag != self._refused_etag or time.monotonic() >= self._retry_at:
            try:
                self._replace_live(version, tagged.etag)
            except (ReleaseError, KeyMissingError) as error:
                self._refused_etag, self._retry_at = tagged.etag, time.monotonic() + OUTCOME_SECONDS
                self._refuse(version, error)
                if self._live.version is None:
                    self._fall_back(tagged.current)

    def _replace_live(self, version: str, etag: str) -> None:
        started = time.monotonic()
        if self._live.version is None:
            classifier = load_in_time(self._load, self._store, version, self._settings)
        else:
            try_release(self._settings, version, etag)
            classifier = self._load(self._store, version, self._settings.release_cache)
        before = self._live.version
        self._live.swap(classifier)
        self._live.refusal = None
        RELOADS.labels("loaded").inc()
        show_version(before, version)
        seconds = round(time.monotonic() - started, 3)
        logger.info("release is live", extra={"model_version": version, "before": before, "seconds": seconds})
        keep = {version} | ({before} if before else set())
        drop_stale_releases(self._settings.release_cache, keep, self._settings.model_load_seconds)

    def _refuse(self, version: str, error: PermanentError) -> None:
        known = self._live.refusal
        if known is None or (known.version, known.code) != (version, error.code):
            extra = {"model_version": version, "code": error.code, "detail": error.detail, "live": self._live.version}
            logger.error("release is refused", extra=extra)
        self._live.refusal = ReleaseRefusal(version, error.code, error.detail, datetime.now(UTC))
        RELOADS.labels(error.code).inc()

    def _fall_back(self, current: Current) -> None:
        """Serve the last good release, as the other workers do, when this one starts while a bad one is current."""
        refusal = self._live.refusal
        for version in self._list_earlier(current):
            try:
                self._replace_live(version, "")
            except (ReleaseError, KeyMissingError) as error:
                logger.warning("no way back to release", extra={"model_version": version, "detail": error.detail})
            else:
                break
        self._live.refusal = refusal

    def _list_earlier(self, current: Current) -> Iterator[str]:
        tried = {current.version}
        history = (line.version for line in reversed(read_history(self._store)) if line.promoted)
        for version in (current.previous, *history):
            if version and version not in tried:
                tried.add(version)
                yield version
