"""Step load: a fetched release becomes a classifier, within a time limit where nothing else protects the worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from libs.service.settings import ServeSettings
from sentiment.errors import ReleaseError
from sentiment.model.classifier import Classifier
from sentiment.service.threads import start_thread
from sentiment.store import Store
from sentiment.text.cleaning import clean

LoadRelease: TypeAlias = Callable[[Store, str, Path], Classifier]
"""``main.load_release``: store, version and cache folder in, a verified classifier out."""

_WARM_UP: Final = [clean("warm words before the first request")] * 64


def warm_up(classifier: Classifier) -> None:
    """Predict in both shapes that requests come in, one text and many, so that no request waits for memory."""
    for size in (1, len(_WARM_UP)):
        classifier.predict(_WARM_UP[:size])


def load_in_time(load: LoadRelease, store: Store, version: str, settings: ServeSettings) -> Classifier:
    """Load a release in this process; ``ReleaseError("load_timeout")`` after ``MODEL_LOAD_SECONDS``.

    For a worker's first release, when no requests depend on this process yet; later ones go through ``libs.model.trial``.
    """
    loaded = start_thread("first-load", lambda: load(store, version, settings.release_cache))
    try:
        return loaded.result(settings.model_load_seconds)
    except TimeoutError:
        raise make_timeout(version, settings.model_load_seconds) from None


def make_timeout(version: str, seconds: float) -> ReleaseError:
    """Return the error of a release that loads for too long."""
    return ReleaseError(f"release {version} was not ready after {seconds:g} s", code="load_timeout")
