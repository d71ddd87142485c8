"""Downloads a data set's file to this machine's disk. The only module that fetches data sets over a network."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import requests

from libs.dataset.address import SAMPLE, SENTIMENT140, DatasetAddress
from libs.dataset.sql import read_query
from sentiment.errors import KeyMissingError, PermanentError, TransientError
from sentiment.store import Store, open_store

SENTIMENT140_URL: Final = "https://cs.stanford.edu/people/alecmgo/trainingandtestdata.zip"
MOST_DOWNLOADED_BYTES: Final = 8 * 2**30
_BLOCK_BYTES: Final = 2**20
_CONNECT_SECONDS, _READ_SECONDS = 10, 60


def fetch_dataset(address: DatasetAddress, store: Store, folder: Path) -> Path:
    """Return a local file with the bytes of ``address``, downloaded into ``folder`` when it is not a file here already.

    Raises ``PermanentError``: ``dataset_missing`` (nothing there, or not readable), ``dataset_too_large``;
    ``TransientError("dataset_unreachable")`` when it may be there later.
    """
    if address.scheme == "file":
        return _require_file(Path(address.location))
    if address.scheme == SAMPLE:
        return _write_sample(folder / "sample.csv.gz")
    if address.scheme == SENTIMENT140:
        return _download(SENTIMENT140_URL, folder / "sentiment140.zip")
    if address.scheme == "https":
        return _download(address.location, folder / address.name)
    if address.scheme == "store":
        return _copy(store, address.location, folder / address.name)
    bucket, _, key = address.location.removeprefix("s3://").partition("/")
    return _copy(open_store(f"s3://{bucket}"), unquote(key), folder / address.name)


def check_dataset(address: DatasetAddress, store: Store) -> None:
    """Raise what stands in the way of reading a data set; nothing large is downloaded over https."""
    if address.scheme == SAMPLE:
        return
    if address.scheme in ("https", SENTIMENT140):
        _ask(address.location or SENTIMENT140_URL)
    elif address.scheme == "sql":
        next(iter(read_query(address.location, address.options, need_label=False)), None)
    else:
        with tempfile.TemporaryDirectory() as folder:
            fetch_dataset(address, store, Path(folder))


def _ask(url: str) -> None:
    try:
        status = requests.head(url, timeout=_CONNECT_SECONDS, allow_redirects=True).status_code
    except requests.RequestException as error:
        raise TransientError(f"no answer: {type(error).__name__}", code="dataset_unreachable") from None
    if status >= 400 and status != 405:
        raise PermanentError(f"the server answers {status}", code="dataset_missing")


def _require_file(path: Path) -> Path:
    if not path.is_file():
        raise PermanentError(f"there is no data set file {path}", code="dataset_missing")
    try:
        path.open("rb").close()
    except OSError as error:
        raise PermanentError(f"the data set {path} cannot be read: {error.strerror}", code="dataset_missing") from None
    return path


def _write_sample(path: Path) -> Path:
    from libs.sample import generate_training_rows, write_csv

    write_csv(generate_training_rows(), path)
    return path


def _copy(store: Store, key: str, path: Path) -> Path:
    try:
        store.download(key, path)
    except KeyMissingError:
        raise PermanentError(f"there is no data set '{key}' in {store.url}", code="dataset_missing") from None
    return path


def _download(url: str, path: Path) -> Path:
    host = urlsplit(url).hostname
    with _translated(host), requests.get(url, stream=True, timeout=(_CONNECT_SECONDS, _READ_SECONDS)) as answer:
        if answer.status_code in (401, 403, 404, 410):
            raise PermanentError(f"{host} answers {answer.status_code} for the data set", code="dataset_missing")
        answer.raise_for_status()
        if urlsplit(answer.url).scheme != "https":
            raise PermanentError(f"{host} leads to an address without TLS", code="dataset_missing")
        written = 0
        with path.open("wb") as file:
            for block in answer.iter_content(_BLOCK_BYTES):
                written += file.write(block)
                if written > MOST_DOWNLOADED_BYTES:
                    raise PermanentError(f"the data set at {host} is over 8 GiB", code="dataset_too_large")
    return path


@contextmanager
def _translated(host: str | None) -> Iterator[None]:
    try:
        yield
    except requests.RequestException as error:
        raise TransientError(
            f"the data set at {host} cannot be fetched: {type(error).__name__}", code="dataset_unreachable"
        ) from error
