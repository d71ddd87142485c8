"""A data set as rows of text and label, its unreadable rows counted."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from libs.dataset.address import DatasetAddress, Datasets
from libs.dataset.fetch import fetch_dataset
from libs.dataset.sql import read_query
from libs.dataset.table import RowBatch, read_table
from libs.values.rows import Readings, Rows
from sentiment.errors import PermanentError
from sentiment.labelled.columns import Columns
from sentiment.labelled.label_values import MOST_VALUES, read_label_values
from sentiment.labelled.options import FileOptions
from sentiment.model.labels import THREE_CLASSES, Label
from sentiment.store import Store

logger = logging.getLogger(__name__)

MOST_UNREADABLE_SHARE: Final = 0.05
_MOST_TOPICS: Final = 50


def read_rows(address: DatasetAddress, store: Store, folder: Path) -> Rows:
    """Read a labelled data set; unreadable rows (cells missing, bad bytes, unknown label) are counted and left out.

    Raises ``PermanentError``: ``dataset_missing``, ``empty_dataset``, ``wrong_columns``, ``one_label``,
    ``unknown_labels``, ``unreadable_rows`` (over 5 %), ``dataset_damaged``, ``dataset_too_large``;
    ``TransientError`` when the place it lies in does not answer.
    """
    columns, read, unreadable = "", 0, 0
    texts: list[str] = []
    values: list[str] = []
    topics: list[str] = []
    known: dict[str, str] = {}  # one string object per distinct value: a million labels are two strings
    batches, sha256 = _open(address, store, folder, need_label=True)
    for batch in batches:
        columns = _describe_columns(batch.columns)
        read += len(batch.text) + batch.broken
        for text, value, topic in _decode(batch, address.options.encoding):
            texts.append(text)
            values.append(known.setdefault(value, value))
            topics.append(known.setdefault(topic, topic))
        _require_few_values(known, values, batch)
    meanings = _read_meanings(Counter(values), read, address.options)
    readable = [index for index, value in enumerate(values) if value in meanings]
    unreadable = read - len(readable)
    _require_readable(read, unreadable)
    logger.info(
        "read data set", extra={"dataset": address.name, "rows": read, "unreadable": unreadable, "columns": columns}
    )
    codes = {value: THREE_CLASSES.index(label) for value, label in meanings.items()}
    labels = np.fromiter((codes[values[index]] for index in readable), dtype=np.int8, count=len(readable))
    if unreadable:
        texts, topics = [texts[index] for index in readable], [topics[index] for index in readable]
    return Rows(address.name, sha256(), texts, labels, _useful_topics(topics), read, unreadable, columns)


def read_texts(address: DatasetAddress, store: Store, folder: Path) -> Iterator[str]:
    """Yield only the texts of a data set, labelled or not."""
    batches, _ = _open(address, store, folder, need_label=False)
    for batch in batches:
        yield from (text for text, _, _ in _decode(batch, address.options.encoding))


def _open(
    address: DatasetAddress, store: Store, folder: Path, *, need_label: bool
) -> tuple[Iterator[RowBatch], Callable[[], str]]:
    if address.scheme == "sql":
        digest = hashlib.sha256()
        return _hashed(read_query(address.location, address.options, need_label=need_label), digest), digest.hexdigest
    path = fetch_dataset(address, store, folder)
    return read_table(path, address.options, need_label=need_label), lambda: _hash_file(path)


def _hashed(batches: Iterator[RowBatch], digest: Any) -> Iterator[RowBatch]:
    for batch in batches:
        for text, label in zip(batch.text, batch.label or batch.text, strict=True):
            digest.update(f"{text}\0{label}\0".encode())
        yield batch


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _decode(batch: RowBatch, encoding: str) -> Iterator[tuple[str, str, str]]:
    """Yield the batch's readable rows as text, label value and topic."""
    missing = [""] * len(batch.text)
    for cells in zip(batch.text, batch.label or missing, batch.topic or missing, strict=True):
        try:
            text, label, topic = (_decode_cell(cell, encoding) for cell in cells)
        except UnicodeDecodeError:
            continue
        if text is not None and label is not None:
            yield text, label, topic or ""


def _decode_cell(cell: Any, encoding: str) -> str | None:
    if isinstance(cell, bytes):
        return cell.decode(encoding)
    return cell if cell is None or isinstance(cell, str) else str(cell)


def _describe_columns(columns: Columns) -> str:
    """Say for the log and the data report which column was taken for what."""
    read = {"text": columns.text, "label": columns.label, "topic": columns.topic}
    return ", ".join(f"{meaning} from '{name}'" for meaning, name in read.items() if name)


def _require_few_values(known: Mapping[str, str], values: list[str], batch: RowBatch) -> None:
    if len(known) > MOST_VALUES and len(set(values)) > MOST_VALUES:
        raise PermanentError(
            f"column '{batch.columns.label}' has over {MOST_VALUES} different values: it holds no labels; "
            "name the right one after the address: #label=<column>",
            code="wrong_columns",
        )


def _read_meanings(counts: Mapping[str, int], read: int, options: FileOptions) -> dict[str, Label]:
    if not counts:
        if read:
            raise PermanentError(f"none of {read} rows could be read", code="unreadable_rows")
        raise PermanentError("the data set has no rows", code="empty_dataset")
    return read_label_values(counts, options)


def _require_readable(read: int, unreadable: int) -> None:
    if unreadable > MOST_UNREADABLE_SHARE * read:
        raise PermanentError(
            f"{unreadable} of {read} rows cannot be read (cells missing, bad bytes or unknown labels): over 5 %",
            code="unreadable_rows",
        )


def _useful_topics(topics: list[str]) -> list[str] | None:
    distinct = set(topics)
    return topics if 1 < len(distinct) <= _MOST_TOPICS else None


def read_datasets(datasets: Datasets, exclude: DatasetAddress | None, store: Store, folder: Path) -> Readings:
    """Read a run's data sets and the texts to exclude; raises as ``read_rows`` does."""
    return Readings(
        labelled=read_rows(datasets.labelled, store, folder),
        distant=read_rows(datasets.distant, store, folder) if datasets.distant else None,
        excluded=list(read_texts(exclude, store, folder)) if exclude else [],
    )
