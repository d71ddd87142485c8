"""Files of every kind are read with the texts and labels that a replay of them has."""

from __future__ import annotations

from pathlib import Path

import pytest

from develop.fixtures.labelled_files import LabelledFile, list_labelled_files
from libs.dataset import parse_address, read_rows
from sentiment.model.labels import THREE_CLASSES
from sentiment.store import Store


@pytest.mark.parametrize("file", list_labelled_files(), ids=lambda file: file.name)
def test_a_labelled_file_trains(file: LabelledFile, tmp_path: Path, store: Store) -> None:
    rows = read_rows(parse_address(file.write(tmp_path)), store, tmp_path)
    assert rows.texts == file.texts
    assert [THREE_CLASSES[label] for label in rows.labels] == file.labels
    assert rows.unreadable == 0
