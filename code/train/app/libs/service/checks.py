"""The addresses train was given, each as something that can be tried."""

from __future__ import annotations

import tempfile
from pathlib import Path

import requests

from libs.dataset import DatasetAddress, parse_address, parse_datasets
from libs.dataset.address import SAMPLE, SENTIMENT140
from libs.dataset.fetch import SENTIMENT140_URL, fetch_dataset
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
    addresses = [address for address in parse_datasets(settings.dataset_url) if address]
    checks += [_check_address("DATASET_URL", address, settings) for address in addresses]
    if settings.exclude_url:
        checks.append(_check_address("EXCLUDE_URL", parse_address(settings.exclude_url), settings))
    return checks


def _check_address(variable: str, address: DatasetAddress, settings: TrainSettings) -> Check:
    return Check(variable, lambda: _reach(address, open_store(settings.store_url)), "see the data sets in README")


def _reach(address: DatasetAddress, store: Store) -> None:
    if address.scheme == SAMPLE:
        return
    if address.scheme in ("https", SENTIMENT140):
        _ask(address.location or SENTIMENT140_URL)
    elif address.scheme == "sql":
        from libs.dataset.sql import read_query

        next(iter(read_query(address.location, address.options, need_label=False)), None)
    else:
        with tempfile.TemporaryDirectory() as folder:
            fetch_dataset(address, store, Path(folder))


def _ask(url: str) -> None:
    try:
        status = requests.head(url, timeout=10, allow_redirects=True).status_code
    except requests.RequestException as error:
        raise TransientError(f"no answer: {type(error).__name__}", code="dataset_unreachable") from None
    if status >= 400 and status != 405:
        raise PermanentError(f"the server answers {status}", code="dataset_missing")
