"""Replay: every format, every kind of broken row, the pace, and going on where it stopped."""

from __future__ import annotations

import gzip
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.sources.replay import ReplaySource
from libs.values.addresses import parse_replay_url
from libs.values.position import Position
from libs.values.tweet import DeadLetter, Entry, Tweet
from sentiment.errors import PermanentError
from sentiment.service.clock import StoppedError, WallClock

DATA = Path(os.environ.get("SENTIMENT_DATA_DIR", Path(__file__).parents[6] / "shared" / "data"))
S140 = '"0","{}","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","ann","{}"\n'


def read_all(path: Path, track: str = "", position: Position | None = None, query: str = "") -> list[Entry]:
    source = ReplaySource(parse_replay_url(path.as_uri() + query), track, WallClock())
    return [entry for chunk in source.read(position or Position()) for entry in chunk.entries]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_sentiment140_rows_become_tweets_without_their_label(tmp_path: Path) -> None:
    text = '"4","1467810369","Mon Apr 06 22:19:45 PDT 2009","acme","ann","hi ""you"", line one\nline two"\n'
    (tweet,) = read_all(write(tmp_path / "s.csv", text))
    assert isinstance(tweet, Tweet)
    assert tweet._replace(read_at="") == Tweet(
        id="1467810369", user="ann", text='hi "you", line one\nline two', posted_at="2009-04-07T05:19:45.000Z",
        source="replay", topics=("acme",), position="s.csv line 2",
    )  # fmt: skip


def test_a_header_names_the_columns(tmp_path: Path) -> None:
    text = "tweet_id,airline,name,text,tweet_created\n57,Delta,bob,nice flight,2015-02-24 11:35:52 -0800\n"
    (tweet,) = read_all(write(tmp_path / "a.csv", "\ufeff" + text))
    assert isinstance(tweet, Tweet)
    assert (tweet.id, tweet.user, tweet.text, tweet.posted_at, tweet.topics) == (
        "57", "bob", "nice flight", "2015-02-24T19:35:52.000Z", ("Delta",),
    )  # fmt: skip


def test_json_lines_and_tabs_are_read_too(tmp_path: Path) -> None:
    row = '{"id": 418157151946035200, "created_at": "Tue Dec 31 23:10:08 +0000 2013", "user": "q", "lang": "en", "text": "$C", "tickers": ["C", "D"]}\n'
    (tweet,) = read_all(write(tmp_path / "x.ndjson", row))
    assert isinstance(tweet, Tweet)
    assert (tweet.id, tweet.lang, tweet.topics) == ("418157151946035200", "en", ("C", "D"))
    (tweet,) = read_all(write(tmp_path / "x.tsv", "id\ttext\n1\ta, b\n"))
    assert isinstance(tweet, Tweet)
    assert tweet.text == "a, b"


def test_gzip_is_told_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "plain.csv", gzip.compress(S140.format(1, "hi").encode()))
    assert [entry.id for entry in read_all(path)] == ["1"]  # type: ignore[union-attr]


def test_a_row_without_id_user_or_date_gets_stable_substitutes(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", '"0","","","NO_QUERY","","one"\n"0","","","NO_QUERY","","two"\n')
    first, again = read_all(path), read_all(path)
    assert [entry.user for entry in first] == ["unknown"] * 2  # type: ignore[union-attr]
    assert [entry.id for entry in first] == [entry.id for entry in again]  # type: ignore[union-attr]
    assert first[0].id != first[1].id  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b'"0","2","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","ann","caf\xe9"\n', "bad_row"),
        (b'"0","2","no date at all","NO_QUERY","ann","text"\n', "bad_date"),
        (b'"0","2","too few"\n', "bad_row"),
        (b'"0","2","a","b","c","d","too many"\n', "bad_row"),
        (b'"0","2","a","NO_QUERY","b","' + b"x" * 140_000 + b'"\n', "line_too_long"),
    ],
)
def test_an_unreadable_row_is_a_dead_letter_with_its_bytes_and_costs_its_neighbours_nothing(
    tmp_path: Path, row: bytes, reason: str
) -> None:
    path = write(tmp_path / "s.csv", S140.format(1, "a").encode() + row + S140.format(3, "c").encode())
    first, dead, last = read_all(path)
    assert (first.id, last.id) == ("1", "3")  # type: ignore[union-attr]
    assert isinstance(dead, DeadLetter)
    assert dead.reason == reason
    assert "line 2" in dead.position
    if reason == "bad_row":
        assert dead.original == row


def test_a_stray_quote_costs_its_own_row_only(tmp_path: Path) -> None:
    rows = 'id,text\n1,fine\n2,"never closed\n' + "".join(f"{number},fine\n" for number in range(3, 200))
    entries = read_all(write(tmp_path / "s.csv", rows))
    assert [entry.id for entry in entries if isinstance(entry, Tweet)] == ["1", *map(str, range(3, 200))]
    assert [entry.original for entry in entries if isinstance(entry, DeadLetter)] == [b'2,"never closed\n']


def test_json_lines_that_are_none_are_dead_letters(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.ndjson",
        '{"id": 1, "text": "a"}\n{"id": 2, "te\n[]\n{"id": 3, "text": 7}\n{"id": 4, "text": "d"}\n',
    )
    entries = read_all(path)
    assert [entry.reason if isinstance(entry, DeadLetter) else entry.id for entry in entries] == [  # type: ignore[union-attr]
        "1", "not_json", "not_json", "no_text", "4",
    ]  # fmt: skip


def test_a_file_that_breaks_off_gives_all_before_and_says_so(tmp_path: Path) -> None:
    whole = gzip.compress("".join(S140.format(number, "text") for number in range(5000)).encode())
    entries = read_all(write(tmp_path / "s.csv.gz", whole[: len(whole) // 2]))
    assert isinstance(entries[-1], DeadLetter)
    assert entries[-1].reason == "file_broken"
    assert all(isinstance(entry, Tweet) for entry in entries[:-1])


def test_json_lines_that_break_off_say_so(tmp_path: Path) -> None:
    rows = "".join(f'{{"id": {number}, "text": "text {number * 7919}"}}\n' for number in range(1, 5000))
    whole = gzip.compress(rows.encode())
    *before, last = read_all(write(tmp_path / "x.ndjson.gz", whole[: len(whole) // 2]))
    assert isinstance(last, DeadLetter)
    assert last.reason == "file_broken"
    assert len(before) > 1000
    assert [entry.id for entry in before] == [str(number) for number in range(1, len(before) + 1)]  # type: ignore[union-attr]


def test_a_decompression_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentiment.labelled.lines._SURE_BYTES", 1 << 20)  # a gigabyte would take a test too long
    line = S140.format(1, "x" * 100).encode()
    entries = read_all(write(tmp_path / "s.csv.gz", gzip.compress(line * 100_000)))
    assert isinstance(entries[-1], DeadLetter)
    assert entries[-1].reason == "decompressed_too_large"


@pytest.mark.parametrize(
    ("content", "code"), [("", "source_empty"), ("\n\n", "source_empty"), ("a,b,c\n1,2,3\n", "no_text_column")]
)
def test_a_file_of_another_kind_is_refused_with_what_is_missing(tmp_path: Path, content: str, code: str) -> None:
    with pytest.raises(PermanentError) as caught:
        ReplaySource(parse_replay_url(write(tmp_path / "s.csv", content).as_uri()), "", WallClock()).check()
    assert caught.value.code == code


def test_reading_goes_on_behind_every_possible_position(tmp_path: Path) -> None:
    rows = "".join(S140.format(number, "two\nlines" if number % 3 else "one") for number in range(600))
    path = write(tmp_path / "s.csv", rows)
    chunks = list(ReplaySource(parse_replay_url(path.as_uri()), "", WallClock()).read(Position()))
    for cut in range(len(chunks)):
        before = [entry for chunk in chunks[: cut + 1] for entry in chunk.entries]
        after = read_all(path, position=chunks[cut].position)
        assert [entry.id for entry in before + after] == [str(number) for number in range(600)]  # type: ignore[union-attr]
    assert chunks[-1].position.finished
    assert chunks[-1].position.emitted == 600


def test_rows_go_out_at_the_rate_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "".join(S140.format(number, "text") for number in range(100)))
    started = time.monotonic()
    assert len(read_all(path, query="?rate=200")) == 100
    assert 0.45 <= time.monotonic() - started <= 1.5


def test_a_stop_interrupts_a_slow_replay_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "".join(S140.format(number, "text") for number in range(10)))
    clock = WallClock()
    threading.Timer(0.2, clock.stop.set).start()
    started = time.monotonic()
    with pytest.raises(StoppedError):
        list(ReplaySource(parse_replay_url(f"{path.as_uri()}?rate=0.1"), "", clock).read(Position()))
    assert time.monotonic() - started < 1


def test_a_loop_gives_each_lap_ids_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", S140.format(1, "a") + S140.format(2, "b"))
    chunks: Iterator[object] = ReplaySource(parse_replay_url(f"{path.as_uri()}?loop=true"), "", WallClock()).read(
        Position()
    )
    ids: list[str] = []
    while len(ids) < 6:
        ids += [entry.id for entry in next(chunks).entries]  # type: ignore[attr-defined]
    assert ids == ["1", "2", "1~1", "2~1", "1~2", "2~2"]


def test_track_keeps_matching_rows_and_names_their_topics(tmp_path: Path) -> None:
    rows = "id,text,airline\n1,I like Delta,United\n2,nothing here,United\n3,nothing,acme\n"
    entries = read_all(write(tmp_path / "s.csv", rows), track="delta,acme")
    assert [(entry.id, entry.topics) for entry in entries if isinstance(entry, Tweet)] == [
        ("1", ("delta", "United")),
        ("3", ("acme",)),
    ]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("sentiment140_replay.csv.gz", 35_387),
        ("airline/Tweets.csv.gz", 14_640),
        ("semeval/train.tsv.gz", 47_575),
        ("stream/stocknet_replay.ndjson.gz", 96_826),
    ],
)
def test_the_real_files_are_read_to_the_last_row(name: str, rows: int) -> None:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{path} is not here: set SENTIMENT_DATA_DIR to run on real data")
    entries = read_all(path)
    assert len(entries) == rows
    assert all(isinstance(entry, Tweet) for entry in entries)
