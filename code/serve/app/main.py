"""serve: fetch the current release → verify → load → predict."""

from __future__ import annotations

from pathlib import Path
from wsgiref.types import WSGIApplication

from libs.model.fetching import fetch_release
from libs.model.loading import warm_up
from libs.service.commands import make_command_line
from sentiment.model.classifier import Classifier, load_classifier
from sentiment.service.commands import run_command_line
from sentiment.store import Store


def load_release(store: Store, version: str, cache: Path) -> Classifier:
    """Walk a release one way: fetch → verify → load. The classifier that comes out predicts as its trainer's did.

    Raises ``ReleaseError`` or ``KeyMissingError`` when the release cannot be trusted, ``TransientError`` when the store is down.
    """
    release = fetch_release(store, version, cache)  # verified: every file has the sha256 that the manifest names
    classifier = load_classifier(
        release
    )  # verified: the golden texts get the scores that the trainer's network gave them
    warm_up(classifier)
    return classifier


def create_app() -> WSGIApplication:
    """Return the web app of one worker process: it follows the store's current release and predicts with it."""
    from libs.service.application import start_app  # only after the fork: brings prometheus_client

    return start_app(load_release)


if __name__ == "__main__":
    run_command_line(make_command_line(load_release))
