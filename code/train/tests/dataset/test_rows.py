"""Data sets of every format become rows; what cannot be read is counted, reported and, past 5 %, refused."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from libs.dataset import Rows, parse_address, read_rows, read_texts
from libs.dataset.rows import MOST_UNREADABLE_SHARE
from sentiment.errors import PermanentError, SentimentError
from sentiment.store import Store

TEXTS = ['He said "no", twice', "line one\nline two", "naïve café, schön", "", "#tag; semicolon", "plain"]
LABELS = ["negative", "positive", "neutral", "positive", "negative", "positive"]


def read(path: Path, store: Store, fragment: str = "") -> Rows:
    return read_rows(parse_address(path.as_uri() + fragment), store, path.parent)


def write_csv(path: Path, rows: list[tuple[Any, ...]], delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def named_rows() -> list[tuple[str, str]]:
    return list(zip(TEXTS, LABELS, strict=True))


@pytest.mark.parametrize("delimiter", [",", ";", "|"])
def test_csv_keeps_quotes_line_breaks_and_letters_whatever_separates_the_cells(
    tmp_path: Path, store: Store, delimiter: str
) -> None:
    rows = read(write_csv(tmp_path / "x.csv", [("text", "label"), *named_rows()], delimiter), store)
    assert rows.texts == TEXTS
    assert rows.labels.tolist() == [0, 2, 1, 2, 0, 2]
    assert (rows.read, rows.unreadable) == (6, 0)


@pytest.mark.parametrize("packing", ["plain", "gz", "zip"])
def test_a_packed_file_reads_as_the_plain_one_and_is_named_by_the_sha256_of_its_bytes(
    tmp_path: Path, store: Store, packing: str
) -> None:
    plain = write_csv(tmp_path / "x.csv", [("text", "label"), *named_rows()])
    path = {"plain": plain, "gz": tmp_path / "y.csv.gz", "zip": tmp_path / "y.zip"}[packing]
    if packing == "gz":
        path.write_bytes(gzip.compress(plain.read_bytes()))
    if packing == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(plain, "folder/x.csv")
            archive.writestr("readme.md", "words")
    import hashlib

    rows = read(path, store)
    assert rows.texts == TEXTS
    assert rows.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_tab_separated_text_has_no_quoting(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "x.tsv"
    path.write_text('id\tlabel\ttext\tsource\n1\tpositive\tso "good\tx\n2\tnegative\t"bad\tx\n', encoding="utf-8")
    assert read(path, store).texts == ['so "good', '"bad']


def test_json_lines_and_parquet_read_alike(tmp_path: Path, store: Store) -> None:
    lines = tmp_path / "x.jsonl"
    lines.write_text("\n".join(json.dumps({"review": t, "sentiment": v}) for t, v in named_rows()), encoding="utf-8")
    columns = tmp_path / "x.parquet"
    parquet.write_table(pa.table({"review": TEXTS, "sentiment": LABELS}), columns)
    for path in (lines, columns):
        rows = read(path, store)
        assert rows.texts == TEXTS
        assert rows.labels.tolist() == [0, 2, 1, 2, 0, 2]


def test_a_sql_query_is_a_data_set(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "posts.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE posts (text TEXT, label INTEGER, lang TEXT)")
        database.executemany("INSERT INTO posts VALUES (?, ?, 'en')", [("good", 1), ("bad", 0), ("fine: 1", 1)])
    database.close()
    query = quote_plus("SELECT text, label FROM posts WHERE lang = 'en' ORDER BY rowid")
    rows = read_rows(parse_address(f"sqlite:///{path}?query={query}"), store, tmp_path)
    assert (rows.texts, rows.labels.tolist()) == (["good", "bad", "fine: 1"], [2, 0, 2])
    with pytest.raises(SentimentError) as caught:
        read_rows(parse_address(f"sqlite:///{path}?query=SELECT+nothing+FROM+nowhere"), store, tmp_path)
    assert caught.value.code in ("query_failed", "dataset_unreachable")


def test_sentiment140_has_no_header_and_its_flag_is_the_topic_when_it_tells_rows_apart(
    tmp_path: Path, store: Store
) -> None:
    rows = [
        (4, 1, "Mon", "BrandA", "me", "good"),
        (0, 2, "Mon", "BrandB", "you", "bad"),
        (2, 3, "Tue", "BrandA", "x", "so so"),
    ]
    found = read(write_csv(tmp_path / "x.csv", rows), store)
    assert found.labels.tolist() == [2, 0, 1]
    assert found.topics == ["BrandA", "BrandB", "BrandA"]
    same = [(4, 1, "Mon", "NO_QUERY", "me", "good"), (0, 2, "Mon", "NO_QUERY", "you", "bad")]
    assert read(write_csv(tmp_path / "y.csv", same), store).topics is None


def test_airlines_fifteen_columns_are_guessed(tmp_path: Path, store: Store) -> None:
    header = [
        "tweet_id",
        "airline_sentiment",
        "airline_sentiment_confidence",
        "negativereason",
        "negativereason_confidence",
        "airline",
        "airline_sentiment_gold",
        "name",
        "negativereason_gold",
        "retweet_count",
        "text",
        "tweet_coord",
        "tweet_created",
        "tweet_location",
        "user_timezone",
    ]
    first = dict.fromkeys(header, "") | {"airline_sentiment": "negative", "airline": "Delta", "text": "late"}
    second = dict.fromkeys(header, "") | {"airline_sentiment": "positive", "airline": "United", "text": "on time"}
    rows = read(write_csv(tmp_path / "x.csv", [tuple(header), tuple(first.values()), tuple(second.values())]), store)
    assert (rows.texts, rows.labels.tolist(), rows.topics) == (["late", "on time"], [0, 2], ["Delta", "United"])


def test_imdbs_label_wins_over_its_rating(tmp_path: Path, store: Store) -> None:
    rows = read(
        write_csv(tmp_path / "x.csv", [("id", "rating", "label", "text"), (1, 3, 0, "bad"), (2, 9, 1, "good")]), store
    )
    assert rows.labels.tolist() == [0, 2]
    assert "label from 'label'" in rows.columns


def test_named_columns_and_spelled_out_labels_win_over_guesses(tmp_path: Path, store: Store) -> None:
    path = write_csv(tmp_path / "x.csv", [("text", "body", "mood"), ("no", "good", "y"), ("no", "bad", "n")])
    assert read(path, store, "#text=body&label=mood&positive=y&negative=n").labels.tolist() == [2, 0]
    with pytest.raises(PermanentError, match="no text column") as caught:
        read(path, store, "#text=nowhere&label=mood")
    assert caught.value.code == "wrong_columns"


def test_unreadable_rows_are_counted_and_left_out(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "x.csv"
    good = b"".join(b"text %d,%s\n" % (i, [b"positive", b"negative"][i % 2]) for i in range(200))
    path.write_bytes(
        b"text,label\n" + good + b"one,two,three,four\n" + b"bad \xff byte,positive\n" + b"odd label,maybe\n"
    )
    rows = read(path, store)
    assert (rows.read, rows.unreadable, len(rows.texts), len(rows.labels)) == (203, 3, 200, 200)


def test_more_than_five_percent_unreadable_rows_are_refused(tmp_path: Path, store: Store) -> None:
    good = [(f"text {i}", ["positive", "negative"][i % 2]) for i in range(100)]
    within = int(100 * MOST_UNREADABLE_SHARE)
    assert (
        read(write_csv(tmp_path / "x.csv", [("text", "label"), *good, *[("t", "?")] * within]), store).unreadable
        == within
    )
    with pytest.raises(PermanentError, match="6 of 106 rows") as caught:
        read(write_csv(tmp_path / "y.csv", [("text", "label"), *good, *[("t", "?")] * 6]), store)
    assert caught.value.code == "unreadable_rows"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_dataset"),
        (b"  \n \n", "empty_dataset"),
        (b"text,label\n", "empty_dataset"),
        (b"name,age\nbob,3\n", "wrong_columns"),
        (b"text,colour\nx,red\n", "wrong_columns"),
        (b"just words\nwithout columns\n", "wrong_columns"),
        (b"text,label\ngood,positive\nfine,positive\n", "one_label"),
        (b"text,label\na,red\nb,blue\n", "unknown_labels"),
        (b"text,label\na,1\nb,2\n", "unknown_labels"),
        (b"text,label\na,neutral\nb,positive\n", "unknown_labels"),
        (b"\x1f\x8b not gzip at all", "dataset_damaged"),
        (b"PK\x03\x04 not a zip", "dataset_damaged"),
        (b"PAR1 not parquet", "dataset_damaged"),
        (b"[1, 2]\n", "wrong_columns"),
        (b'{"a": 1}\n', "wrong_columns"),
    ],
)
def test_a_data_set_that_is_none_says_why(tmp_path: Path, store: Store, content: bytes, code: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(PermanentError) as caught:
        read(path, store)
    assert caught.value.code == code


def test_a_label_column_of_free_text_is_refused(tmp_path: Path, store: Store) -> None:
    rows = [("text", "label"), *[(f"t{i}", f"free text {i}") for i in range(500)]]
    with pytest.raises(PermanentError) as caught:
        read(write_csv(tmp_path / "x.csv", rows), store)
    assert caught.value.code == "wrong_columns"


def test_a_truncated_gzip_is_damaged_not_short(tmp_path: Path, store: Store) -> None:
    whole = gzip.compress(b"text,label\n" + b"".join(b"%d,%d\n" % (i * 7919, i % 2) for i in range(20_000)))
    path = tmp_path / "x.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PermanentError) as caught:
        read(path, store)
    assert caught.value.code == "dataset_damaged"


@pytest.mark.parametrize(
    ("place", "bits", "said"),
    [(8, b"\x01\x00", "password"), (10, b"\x63\x00", "compression")],
    ids=["encrypted", "packed in a way of its own"],
)
def test_a_zip_that_cannot_be_opened_says_why(tmp_path: Path, store: Store, place: int, bits: bytes, said: str) -> None:
    """``place``: offset in an entry of the central directory (APPNOTE 4.3.12): general purpose flags, method."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.csv", "text,label\ngood,1\nbad,0\n")
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + place : entry + place + 2] = bits
    path.write_bytes(content)
    with pytest.raises(PermanentError) as caught:
        read(path, store)
    assert caught.value.code == "dataset_damaged"
    assert said in caught.value.detail


def test_missing_data_sets_are_named(tmp_path: Path, store: Store) -> None:
    for address in ((tmp_path / "none.csv").as_uri(), "store:datasets/none.csv"):
        with pytest.raises(PermanentError) as caught:
            read_rows(parse_address(address), store, tmp_path)
        assert caught.value.code == "dataset_missing"
        assert "none.csv" in caught.value.detail


def test_a_data_set_in_the_store_and_in_s3(tmp_path: Path, bucket: str) -> None:
    from sentiment.store import open_store

    store = open_store(f"s3://{bucket}/prefix")
    store.create("datasets/x.csv", b"text,label\ngood,1\nbad,0\n")
    for address in ("store:datasets/x.csv", f"s3://{bucket}/prefix/datasets/x.csv"):
        assert read_rows(parse_address(address), store, tmp_path).texts == ["good", "bad"]


def test_a_zip_must_hold_one_data_file(tmp_path: Path, store: Store) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", "text,label\n")
        archive.writestr("b.csv", "text,label\n")
    path = tmp_path / "x.zip"
    path.write_bytes(packed.getvalue())
    with pytest.raises(PermanentError, match=r"a\.csv, b\.csv"):
        read(path, store)


def test_texts_to_exclude_need_no_labels(tmp_path: Path, store: Store) -> None:
    path = write_csv(tmp_path / "x.csv", [("id", "text"), (1, "a"), (2, "b")])
    assert list(read_texts(parse_address(path.as_uri()), store, tmp_path)) == ["a", "b"]


def test_the_shipped_sample_reads_without_a_network(tmp_path: Path, store: Store) -> None:
    rows = read_rows(parse_address("sample"), store, tmp_path)
    assert len(rows.texts) >= 20_000
    assert rows.unreadable == 0
    assert rows.topics is not None
    assert len(set(rows.topics)) >= 3
    assert np.bincount(rows.labels).min() == 0  # no neutral rows: the sample has two labels


@pytest.mark.parametrize(
    ("name", "rows", "labels"),
    [
        ("semeval/train.tsv.gz", 47_575, [7_421, 21_332, 18_822]),
        ("airline/Tweets.csv.gz", 14_640, [9_178, 3_099, 2_363]),
    ],
)
def test_real_data_sets_read_whole(  # noqa: PLR0917 - three fixtures and three parameters
    data_dir: Path, tmp_path: Path, store: Store, name: str, rows: int, labels: list[int]
) -> None:
    found = read_rows(parse_address((data_dir / name).as_uri()), store, tmp_path)
    assert (found.read, found.unreadable) == (rows, 0)
    assert np.bincount(found.labels).tolist() == labels
