"""A store with a small true release, a worker's app around it, and serve as a process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from processes import Served, start_serve

from develop.fixtures.tiny_release import publish_tiny_release
from libs.model.live import LiveModel
from libs.service.application import build_app
from libs.service.settings import ServeSettings
from main import load_release
from sentiment.release.promotion import promote_release
from sentiment.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store((tmp_path / "store").as_uri())


@pytest.fixture
def settings(tmp_path: Path, store: Store) -> ServeSettings:
    return ServeSettings(store_url=store.url, model_cache_dir=tmp_path / "cache", model_load_seconds=20)


@pytest.fixture
def live(store: Store, settings: ServeSettings) -> LiveModel:
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "test")
    live = LiveModel()
    live.swap(load_release(store, "v1", settings.release_cache))
    return live


@pytest.fixture
def app(settings: ServeSettings, live: LiveModel) -> Flask:
    return build_app(settings, live)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One serve with two workers for all tests that change nothing."""
    folder = tmp_path_factory.mktemp("served")
    store = open_store((folder / "store").as_uri())
    publish_tiny_release(store, "v1")
    promote_release(store, "v1", "test")
    with start_serve(store.url, folder) as running:
        yield running
