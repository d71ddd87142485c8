"""Files of every kind are replayed with the texts that training reads from them, and compared by the same labels."""

from __future__ import annotations

from pathlib import Path

import pytest
from makers import make_result

from develop.fixtures.labelled_files import LabelledFile, list_labelled_files
from libs.results import open_results
from libs.service.comparison import compare_with_labels
from libs.service.settings import StreamSettings
from libs.sources.replay import ReplaySource
from libs.values.addresses import parse_replay_url
from libs.values.position import Position
from libs.values.result import ResultBatch
from libs.values.tweet import DeadLetter, Entry, Tweet
from sentiment.errors import ConfigurationError, PermanentError
from sentiment.service.clock import WallClock

STARS = "id,body,stars\n1,awful,1\n2,bad,2\n3,so so,3\n4,good,4\n5,great,5\n"


def replay(url: str) -> list[Entry]:
    return [
        entry
        for chunk in ReplaySource(parse_replay_url(url), "", WallClock()).read(Position())
        for entry in chunk.entries
    ]


def compare(folder: Path, url: str, scores: dict[str, float]) -> float | None:
    """Return the accuracy of results with these scores against the labels of a file."""
    address = f"sqlite:///{folder}/results.db"
    results = open_results(address)
    results.prepare()
    results.store(ResultBatch(results=[make_result(post, score=score) for post, score in scores.items()]))
    results.close()
    settings = StreamSettings(
        predict_url="http://127.0.0.1:1", results_url=address, spool_url=(folder / "spool").as_uri(), source_url=url
    )
    return compare_with_labels(settings, url).accuracy


@pytest.mark.parametrize("file", list_labelled_files(), ids=lambda file: file.name)
def test_a_labelled_file_replays(file: LabelledFile, tmp_path: Path) -> None:
    entries = replay(file.write(tmp_path))
    assert [entry.text for entry in entries if isinstance(entry, Tweet)] == file.texts
    assert not [entry for entry in entries if isinstance(entry, DeadLetter)]


@pytest.mark.parametrize("file", list_labelled_files(), ids=lambda file: file.name)
def test_the_labels_of_a_file_mean_to_a_comparison_what_they_mean_to_training(
    file: LabelledFile, tmp_path: Path
) -> None:
    url = file.write(tmp_path)
    tweets = [entry for entry in replay(url) if isinstance(entry, Tweet)]
    scores = {"NEGATIVE": 0.1, "NEUTRAL": 0.5, "POSITIVE": 0.9}
    right = {tweet.id: scores[label] for tweet, label in zip(tweets, file.labels, strict=True)}
    assert compare(tmp_path, url, right) == 1.0
    (tmp_path / "wrong").mkdir()
    assert compare(tmp_path / "wrong", url, {post: 1 - score for post, score in right.items()}) == 0.0


def test_one_star_is_negative_and_three_have_no_place_in_a_two_class_accuracy(tmp_path: Path) -> None:
    path = tmp_path / "stars.csv"
    path.write_text(STARS)
    assert compare(tmp_path, path.as_uri(), {"1": 0.1, "2": 0.9, "3": 0.9, "4": 0.9, "5": 0.9}) == 0.75


@pytest.mark.parametrize(
    ("content", "accuracy"),
    [
        ("id,text\n1,a\n2,b\n", None),
        ('"0","1","","NO_QUERY","ann","a"\n"0","2","","NO_QUERY","ann","b"\n', 0.5),
        ("id,text,label\n1,a,positive\n2,b,\n", 0.0),
    ],
    ids=["no labels", "the first rows of Sentiment140", "a part"],
)
def test_a_file_need_not_hold_both_ends(tmp_path: Path, content: str, accuracy: float | None) -> None:
    path = tmp_path / "x.csv"
    path.write_text(content)
    assert compare(tmp_path, path.as_uri(), {"1": 0.1, "2": 0.9}) == accuracy


def test_labels_that_mean_nothing_are_refused_unless_they_are_spelled_out(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,text,label\n1,a,red\n2,b,blue\n")
    with pytest.raises(PermanentError, match="#negative=<value>"):
        compare(tmp_path, path.as_uri(), {"1": 0.1})
    assert compare(tmp_path, path.as_uri() + "#negative=red&positive=blue", {"1": 0.1}) == 1.0
    path.write_text("id,text,label\n" + "".join(f"{number},a,words {number}\n" for number in range(600)))
    with pytest.raises(PermanentError, match="#label=<column>"):
        compare(tmp_path, path.as_uri(), {"1": 0.1})


def test_every_column_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("nr;text;words;who;when;about;tongue\n7;no;yes;ann;2026-03-01;acme;EN\n")
    url = path.as_uri() + "?rate=1000#text=words&id=nr&user=who&date=when&topic=about&lang=tongue"
    (tweet,) = replay(url)
    assert isinstance(tweet, Tweet)
    assert (tweet.id, tweet.text, tweet.user, tweet.posted_at, tweet.topics, tweet.lang) == (
        "7", "yes", "ann", "2026-03-01T00:00:00.000Z", ("acme",), "en",
    )  # fmt: skip


def test_a_position_and_the_ids_do_not_depend_on_what_names_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("text\na\nb\n")
    plain, named = (
        ReplaySource(parse_replay_url(path.as_uri() + more), "", WallClock()) for more in ("", "?loop=false#text=text")
    )
    assert plain.key == named.key == path.as_uri()
    assert [entry.id for entry in replay(path.as_uri())] == [  # type: ignore[union-attr]
        entry.id
        for entry in replay(path.as_uri() + "#text=text")  # type: ignore[union-attr]
    ]
    (chunk, _) = named.read(Position("0:2", "", 1))
    assert [entry.text for entry in chunk.entries if isinstance(entry, Tweet)] == ["b"]


@pytest.mark.parametrize(
    ("fragment", "said"), [("colour=red", "only date, encoding, id"), ("text", "not"), ("encoding=utf-16", "latin-1")]
)
def test_an_option_that_is_none_is_refused_in_one_line(fragment: str, said: str) -> None:
    fragment = "words" if fragment == "text" else fragment
    with pytest.raises(ConfigurationError, match=said) as caught:
        parse_replay_url(f"file:///srv/x.csv#{fragment}")
    assert "SOURCE_URL" in caught.value.detail
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize(
    ("content", "fragment", "code"),
    [
        (b"text,id\na,1\n", "#text=body", "no_text_column"),
        (b"text,id\na,1\n", "#date=when", "wrong_columns"),
        (b'{"text": "a"}\n', "#text=body", "no_text_column"),
        (b"PAR1 and so on", "", "source_is_parquet"),
        (b"PK\x03\x04 not a zip", "", "source_unreadable"),
        (b"\x1f\x8b not gzip at all", "", "source_unreadable"),
    ],
)
def test_a_file_that_cannot_be_replayed_says_why(tmp_path: Path, content: bytes, fragment: str, code: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(PermanentError, match=r"x\.csv|no column") as caught:
        ReplaySource(parse_replay_url(path.as_uri() + fragment), "", WallClock()).check()
    assert caught.value.code == code


def test_a_key_that_the_first_of_some_json_lines_lacks_can_still_come(tmp_path: Path) -> None:
    path = tmp_path / "x.ndjson"
    path.write_text('broken\n{"text": "a"}\n{"text": "b", "when": "2026-03-01"}\n')
    _, _, last = replay(path.as_uri() + "#date=when")
    assert isinstance(last, Tweet)
    assert last.posted_at == "2026-03-01T00:00:00.000Z"
