"""How a file is laid out."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from sentiment.errors import PermanentError
from sentiment.labelled.columns import SENTIMENT140_COLUMNS
from sentiment.labelled.formats import Format, detect_format
from sentiment.labelled.options import FileOptions, parse_options

PLAIN = FileOptions()


def detect(folder: Path, content: bytes, name: str = "x.csv", options: FileOptions = PLAIN) -> Format:
    path = folder / name
    path.write_bytes(content)
    return detect_format(path, options)


@pytest.mark.parametrize(
    ("content", "delimiter", "names", "header_lines"),
    [
        (b"text,label\n", ",", ("text", "label"), 1),
        (b"text;label\n", ";", ("text", "label"), 1),
        (b"text|label\n", "|", ("text", "label"), 1),
        (b"text\tlabel\n", "\t", ("text", "label"), 1),
        (b"text\n", ",", ("text",), 1),
        (b"\n\r\n  \ntext,label\n", ",", ("text", "label"), 4),
        (b'"a\nb",text\nx,y\n', ",", ("a\nb", "text"), 2),
        (b'text,"a;b;c;d;e"\n', ",", ("text", "a;b;c;d;e"), 1),
        (b'"0","1","Mon","NO_QUERY","me","oh ;;;;;;;;; |||||||||"\n', ",", SENTIMENT140_COLUMNS, 0),
        ("\ufefftext,größe\n".encode(), ",", ("text", "größe"), 1),
    ],
)
def test_delimiter_and_header_are_told_from_the_first_row(
    tmp_path: Path, content: bytes, delimiter: str, names: tuple[str, ...], header_lines: int
) -> None:
    assert detect(tmp_path, content) == Format("csv", "utf-8", names, delimiter, delimiter != "\t", header_lines)


def test_a_name_can_say_that_tabs_separate(tmp_path: Path) -> None:
    form = detect(tmp_path, b"text, with, commas\tlabel\n", "x.tsv")
    assert (form.delimiter, form.quoted) == ("\t", False)


@pytest.mark.parametrize(
    ("rows", "quoted"),
    [
        ("a\tb\n", False),
        ('"he said ""no"""\tb\n', True),
        ('"text"\t"label"\n"a"\t"b"', True),
        ('"two\nlines"\tb\r\nx\ty\r\n', True),
        ('"he said ""no"""\tb\nso "good\tb\n', False),
        ('"lone\tb\n', False),
        ('he said "no"\tb\n', False),
        ('"good" he said\tb\n', False),
    ],
)
def test_tab_separated_text_is_quoted_when_every_mark_is_a_spreadsheets(
    tmp_path: Path, rows: str, quoted: bool
) -> None:
    content = f"text\tlabel\n{rows}\n"
    assert detect(tmp_path, content.encode()).quoted is quoted
    assert detect(tmp_path, content.encode() + b"plain\tx\n" * 60_000).quoted is quoted


@pytest.mark.parametrize("row", ['"two ""\n""lines"\tb\n', '"one"\tb\n'])
def test_a_quoted_file_is_told_wherever_its_beginning_ends(tmp_path: Path, row: str) -> None:
    for shift in range(24):
        content = "text\tlabel\n" + "x" * shift + "\ty\n" + row * 30_000
        assert detect(tmp_path, content.encode()).quoted


def test_marks_without_end_are_looked_at_once(tmp_path: Path) -> None:
    for content in ('"' * 300_000, '"a\n' * 100_000, '""\t' * 100_000 + "x", 'a"\t\n' * 80_000):
        started = time.monotonic()
        detect(tmp_path, b"text\tlabel\n" + content.encode())
        assert time.monotonic() - started < 2


def test_a_column_that_is_named_helps_to_tell_the_delimiter(tmp_path: Path) -> None:
    content = b"a,b,c,d;words\n"
    assert detect(tmp_path, content).delimiter == ","
    assert detect(tmp_path, content, options=parse_options("text=words")).delimiter == ";"


@pytest.mark.parametrize(
    ("name", "content", "names"),
    [
        ("x.csv", b'\xef\xbb\xbf{"a": 1, "b": 2}\n', ("a", "b")),
        ("x.jsonl", b'broken\n[]\n{"b": 2}\n', ("b",)),
        ("x.json", b"broken\n", ()),
    ],
)
def test_json_lines_are_told_by_name_or_first_character(
    tmp_path: Path, name: str, content: bytes, names: tuple[str, ...]
) -> None:
    assert detect(tmp_path, content, name) == Format("json", "utf-8", names)


def test_parquet_is_told_by_name_or_first_bytes(tmp_path: Path) -> None:
    assert detect(tmp_path, b"PAR1....", "x.csv").kind == "parquet"
    assert detect(tmp_path, b"anything", "x.parquet").kind == "parquet"


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \n\t\n"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        detect(tmp_path, content)
    assert caught.value.code == "empty_dataset"


def test_a_file_that_breaks_off_has_the_layout_of_its_beginning(tmp_path: Path) -> None:
    packed = gzip.compress(b"text,label\n" + b"".join(b"%d,%d\n" % (n * 7919, n % 2) for n in range(20_000)))
    assert detect(tmp_path, packed[: len(packed) // 2], "x.csv.gz").names == ("text", "label")


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(PermanentError) as caught:
        detect_format(tmp_path / "none.csv", PLAIN)
    assert caught.value.code == "file_unreadable"
