"""Records one by one: positions to go on from, and what is broken with its bytes."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.errors import PermanentError
from sentiment.labelled.formats import Format, detect_format
from sentiment.labelled.lines import LONGEST_LINE_BYTES, read_lines
from sentiment.labelled.options import parse_options
from sentiment.labelled.records import Fault, Record, parse_records, read_records


def read(path: Path, fragment: str = "", skip: int = 0) -> list[Record | Fault]:
    return list(read_records(path, detect_format(path, parse_options(fragment)), skip))


def test_a_position_counts_lines_and_reading_goes_on_behind_each(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('id,text\n1,one\n2,"two\nlines"\n\n3,three\n')
    records = read(path)
    assert records == [
        Record({"id": "1", "text": "one"}, 2),
        Record({"id": "2", "text": "two\nlines"}, 4),
        Record({"id": "3", "text": "three"}, 6),
    ]
    for place, record in enumerate(records, start=1):
        assert read(path, skip=record.line) == records[place:]


def test_tab_separated_cells_keep_their_quotation_marks(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text('id\ttext\n1\t"never closed\n2\ta "word"\n')
    assert [record.values["text"] for record in read(path) if isinstance(record, Record)] == [
        '"never closed',
        'a "word"',
    ]


def test_another_encoding_is_read_and_what_it_cannot_say_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"text,label\ncaf\xe9,1\n")
    assert read(path, "encoding=latin-1") == [Record({"text": "café", "label": "1"}, 2)]
    (fault,) = read(path)
    assert isinstance(fault, Fault)
    assert (fault.reason, fault.original, fault.line) == ("bad_row", b"caf\xe9,1\n", 2)
    assert "not UTF-8" in fault.detail


def test_bytes_cut_out_of_a_file_are_read_by_its_format() -> None:
    form = Format("csv", "latin-1", ("id", "text"), ";", header_lines=1)
    assert list(parse_records(b"1;caf\xe9\n", form)) == [Record({"id": "1", "text": "café"}, 1)]


@given(st.binary(max_size=300))
def test_no_content_at_all_stops_the_reading(content: bytes) -> None:
    for form in (
        Format("csv", "utf-8", ("id", "text"), ","),
        Format("csv", "utf-8", ("a",), "\t", quoted=False),
        Format("json"),
    ):
        found = list(parse_records(content, form))
        assert all(record.line <= content.count(b"\n") + content.count(b"\r") + 1 for record in found)


def test_memory_is_bounded_by_lines_not_by_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"id,text\n" + b"1,x\n" + b"y" * 30_000_000 + b"\n2,z\n"))
    tracemalloc.start()
    first, fault, last = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (first.line, last.line) == (2, 4)
    assert isinstance(fault, Fault)
    assert (fault.reason, len(fault.original)) == ("line_too_long", LONGEST_LINE_BYTES)
    assert peak < 10_000_000


def test_whatever_comes_before_a_break_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    whole = gzip.compress(b"".join(b"%d,%d\n" % (number, number * 7919) for number in range(50_000)))
    path.write_bytes(whole[: len(whole) * 9 // 10])
    *lines, broken = read_lines(path)
    assert broken.fault.startswith("file_broken: ")
    assert len(lines) > 40_000
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))


def test_a_file_that_cannot_be_opened_is_an_exception(tmp_path: Path) -> None:
    with pytest.raises(PermanentError) as caught:
        list(read_lines(tmp_path / "none.csv"))
    assert caught.value.code == "file_unreadable"
