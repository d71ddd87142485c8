"""What ``python main.py check`` tries: every address that train was given."""

from __future__ import annotations

from typing import Final

from libs.dataset import DatasetAddress, check_dataset, parse_address, parse_datasets
from libs.service.settings import TrainSettings
from sentiment.service.checks import Check
from sentiment.store import open_store

_SEE_DATA_SETS: Final = "see docs/how-to/own-data.md for what a data set's address can be"


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
    return Check(variable, lambda: check_dataset(address, open_store(settings.store_url)), _SEE_DATA_SETS)
