"""Data sets, wherever they lie, as rows of text and label."""

from libs.dataset.address import DatasetAddress, Datasets, parse_address, parse_datasets
from libs.dataset.fetch import check_dataset
from libs.dataset.rows import read_datasets, read_rows, read_texts
from libs.values.rows import Readings, Rows

__all__ = [
    "DatasetAddress",
    "Datasets",
    "Readings",
    "Rows",
    "check_dataset",
    "parse_address",
    "parse_datasets",
    "read_datasets",
    "read_rows",
    "read_texts",
]
