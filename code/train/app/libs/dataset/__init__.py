"""Labelled texts from anywhere, as rows."""

from libs.dataset.address import Datasets, Source, parse_datasets, parse_source
from libs.dataset.rows import Readings, Rows, read_datasets, read_rows, read_texts

__all__ = [
    "Datasets",
    "Readings",
    "Rows",
    "Source",
    "parse_datasets",
    "parse_source",
    "read_datasets",
    "read_rows",
    "read_texts",
]
