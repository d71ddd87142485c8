"""The addresses train was given, each as something that can be tried."""

from __future__ import annotations

import tempfile
from pathlib import Path

import requests

from libs.dataset import Source, parse_datasets, parse_source
from libs.dataset.address import SAMPLE, SENTIMENT140
from libs.dataset.fetch import SENTIMENT140_URL, fetch_source
from libs.service.settings import TrainSettings
from sentiment.errors import PermanentError, TransientError
from sentiment.service.checks import Check
from sentiment.store import Store, open_store


def list_checks(settings: TrainSettings) -> list[Check]:
    """Return what ``python main.py check`` tries: the store, every data set, the experiment tracker."""
    checks = [
        Check(
            "STORE_URL", lambda: open_store(settings.store_url).check(), "make the folder or bucket writable for train"
        )
    ]
    sources = [source for source in parse_datasets(settings.dataset_url) if source]
    checks += [_check_source("DATASET_URL", source, settings) for source in sources]
    if settings.exclude_url:
        checks.append(_check_source("EXCLUDE_URL", parse_source(settings.exclude_url), settings))
    return checks


def _check_source(variable: str, source: Source, settings: TrainSettings) -> Check:
    return Check(variable, lambda: _reach(source, open_store(settings.store_url)), "see the data sets in README")


def _reach(source: Source, store: Store) -> None:
    if source.scheme == SAMPLE:
        return
    if source.scheme in ("https", SENTIMENT140):
        _ask(source.location or SENTIMENT140_URL)
    elif source.scheme == "sql":
        from libs.dataset.sql import read_query

        next(iter(read_query(source.location, source.options, need_label=False)), None)
    else:
        with tempfile.TemporaryDirectory() as folder:
            fetch_source(source, store, Path(folder))


def _ask(url: str) -> None:
    try:
        status = requests.head(url, timeout=10, allow_redirects=True).status_code
    except requests.RequestException as error:
        raise TransientError(f"no answer: {type(error).__name__}", code="dataset_unreachable") from None
    if status >= 400 and status != 405:
        raise PermanentError(f"the server answers {status}", code="dataset_missing")
