"""Packed files as one stream of bytes."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from sentiment.errors import PermanentError
from sentiment.labelled.unpack import inner_name, open_unpacked


def zip_of(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, f"words of {name}")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("packed", "inner"),
    [
        (b"words of x.csv", "y.csv"),
        (gzip.compress(b"words of x.csv"), "y"),
        (zip_of("x.csv", "readme.md", "__MACOSX/._x.csv"), "x.csv"),
    ],
    ids=["plain", "gz", "zip"],
)
def test_a_packing_is_told_by_its_bytes_not_by_its_name(tmp_path: Path, packed: bytes, inner: str) -> None:
    path = tmp_path / "y.csv"
    path.write_bytes(packed)
    with open_unpacked(path) as stream:
        assert stream.read() == b"words of x.csv"
    assert inner_name(path) == inner


@pytest.mark.parametrize("names", [(), ("a.csv", "b.tsv"), ("readme.md",)])
def test_a_zip_with_no_data_file_or_several_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zip_of("notes.md", *names))
    with pytest.raises(PermanentError, match="exactly one data file") as caught, open_unpacked(path):
        pass
    assert caught.value.code == "wrong_columns"


def test_unpacking_stops_at_its_limit_so_a_bomb_fills_no_disk_and_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(bytes(50_000_000)))
    tracemalloc.start()
    with pytest.raises(PermanentError) as caught, open_unpacked(path, limit=10_000_000) as stream:
        while stream.read(1 << 16):
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.code == "dataset_too_large"
    assert peak < 20_000_000
