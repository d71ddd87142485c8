"""clean → predict → store: what becomes of each kind of entry, and in what order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from makers import NEW, make_tweet

from develop.simulators.serve import ServeSimulator
from libs.results import Results, open_results
from libs.scoring.analyze import Analyzer
from libs.scoring.batches import build_batch, sort_entries
from libs.scoring.predict import RefusedText, ScoredText, ServeClient
from libs.service.metrics import SKIPPED
from libs.spool import Parcel
from libs.spool.folder import FolderSpool
from libs.values.result import ResultBatch
from libs.values.tweet import DeadLetter, Entry, Gap, Removal, Tweet, unpack_entries
from sentiment.errors import PermanentError, TransientError
from sentiment.service.clock import StoppedError, WallClock
from sentiment.text.cleaning import clean


class Fixture:
    """A spool, a store and an analyzer that runs until a condition holds."""

    def __init__(self, folder: Path, url: str) -> None:
        self.clock = WallClock()
        self.spool = FolderSpool(folder / "spool", 10_000)
        self.results: Results = open_results(f"sqlite:///{folder}/results.db")
        self.results.prepare()
        self.client = ServeClient(url, None, self.clock)

    def run(
        self, entries: Sequence[Entry], languages: frozenset[str] = frozenset(), results: Results | None = None
    ) -> None:
        """Analyze the entries, one parcel each, until the spool is empty."""
        self.clock.stop.clear()
        for entry in entries:
            self.spool.put("source", [entry], None)
        analyzer = Analyzer(self.spool, self.client, (results or self.results).store, self.clock, 10)
        thread = threading.Thread(target=_until_stopped, args=(lambda: analyzer.run(languages),))
        thread.start()
        while self.spool.count() and thread.is_alive():
            self.clock.wait(0.02)
        self.clock.stop.set()
        thread.join(10)
        assert self.spool.count() == 0


def _until_stopped(work: Callable[[], None]) -> None:
    with pytest.raises(StoppedError):
        work()


@pytest.fixture
def parts(tmp_path: Path, serve: ServeSimulator) -> Fixture:
    return Fixture(tmp_path, serve.url)


def test_what_is_stored_is_what_serve_was_sent(parts: Fixture, serve: ServeSimulator) -> None:
    serve.remember_texts = True
    parts.run([make_tweet("1", text="I &lt;3 it 😀 http://t.co/x @bob", topics=("a",), user="ann", lang="en")])
    result = parts.results.read_by_id(["1"])["1"]
    assert result.twitter_raw == "I &lt;3 it 😀 http://t.co/x @bob"
    assert result.twitter_clean == serve.texts[0] == clean(result.twitter_raw)
    assert (result.user, result.topics, result.lang, result.model_version) == ("ann", ("a",), "en", serve.version)


def test_posts_in_other_languages_are_counted_not_scored(parts: Fixture) -> None:
    tweets = [
        make_tweet(str(number), lang=lang) for number, lang in enumerate(["en", "en-US", "", "und", "de", "pt-BR"])
    ]
    parts.run(tweets)
    assert set(parts.results.read_by_id([str(number) for number in range(6)])) == {"0", "1", "2", "3"}
    assert parts.results.count_all()["skipped"] == 2


def test_a_post_edited_into_another_language_is_no_longer_shown_in_its_old_words(parts: Fixture) -> None:
    """X edits under a new id, Bluesky in place; both are counted as skipped, and neither leaves what was said before."""
    parts.run([make_tweet("1", lang="en"), make_tweet("2", lang="en", revision="a"), make_tweet("3", lang="en")])
    assert set(parts.results.read_by_id(["1", "2", "3"])) == {"1", "2", "3"}
    parts.run(
        [
            make_tweet("11", lang="de", replaces=("1",)),
            make_tweet("2", lang="de", replaces=("2",), revision="b"),
        ]
    )
    assert set(parts.results.read_by_id(["1", "11", "2", "3"])) == {"3"}
    assert parts.results.count_all()["skipped"] == 2


def test_languages_that_strangers_make_up_are_one_series(parts: Fixture) -> None:
    before = len(next(iter(SKIPPED.collect())).samples)
    parts.run([make_tweet(f"lang{number}", lang=f"x{number}") for number in range(40)])
    assert parts.results.count_all()["skipped"] == 40
    names = {sample.labels["lang"] for sample in next(iter(SKIPPED.collect())).samples}
    assert "other" in names
    assert len(next(iter(SKIPPED.collect())).samples) - before <= 2, "a total and the time it began"


def test_a_text_that_serve_refuses_becomes_a_dead_letter_that_can_be_tried_again(parts: Fixture) -> None:
    parts.run([make_tweet("1"), make_tweet("2", text="x" * 10_001), make_tweet("3")])
    assert set(parts.results.read_by_id(["1", "2", "3"])) == {"1", "3"}
    (letter,) = parts.results.read_dead_letters(10)
    assert letter.reason == "text_too_long"
    assert unpack_entries(letter.original) == [make_tweet("2", text="x" * 10_001)]


def test_a_retried_post_that_is_stored_strikes_off_its_dead_letter(parts: Fixture) -> None:
    letter = DeadLetter("d1", "replay", "line 1", "predict_failed", "why", b"[]", "2026-03-01T12:00:00.000Z")
    parts.results.store(ResultBatch(dead_letters=[letter]))
    parts.run([make_tweet("1", dead_letter="d1")])
    assert parts.results.read_dead_letters(10) == []
    assert "1" in parts.results.read_by_id(["1"])


def test_entries_of_other_kinds_reach_their_tables(parts: Fixture) -> None:
    gap = Gap("g", "x", "2026-03-01T12:00:00.000Z", "", "stalled", recovered=False)
    letter = DeadLetter("d", "replay", "line 3", "bad_row", "why", b"\xff", "2026-03-01T12:00:00.000Z")
    parts.run([make_tweet("1"), Removal("1", "2026-03-01T12:00:00.000Z", "deleted"), gap, letter])
    assert parts.results.read_by_id(["1"]) == {}
    assert parts.results.read_gaps(10) == [gap]
    assert parts.results.read_dead_letters(10) == [letter]


def test_an_edit_replaces_the_versions_before_it_whatever_comes_first(parts: Fixture) -> None:
    parts.run([make_tweet("2", source="x", replaces=("1",)), make_tweet("1", source="x")])
    assert set(parts.results.read_by_id(["1", "2"])) == {"2"}


class Picky:
    """A results store that never takes one id, and is down at first."""

    def __init__(self, results: Results, refused: str) -> None:
        self._results = results
        self._refused = refused
        self.outages = 2

    def store(self, batch: ResultBatch) -> None:
        if self.outages:
            self.outages -= 1
            raise TransientError("down for a moment", code="results_down")
        if any(result.id == self._refused for result in batch.results):
            raise PermanentError("never this one", code="result_refused")
        self._results.store(batch)


def test_what_the_store_refuses_for_good_costs_its_neighbours_nothing(parts: Fixture) -> None:
    tweets = [make_tweet(str(number)) for number in range(9)]
    picky = Picky(parts.results, "4")
    parts.run(tweets, results=picky)  # type: ignore[arg-type]
    assert set(parts.results.read_by_id([tweet.id for tweet in tweets])) == {str(n) for n in range(9)} - {"4"}
    assert [(letter.reason, letter.position) for letter in parts.results.read_dead_letters(10)] == [
        ("result_refused", "4")
    ]
    assert picky.outages == 0


def test_a_damaged_parcel_becomes_a_dead_letter_with_its_bytes() -> None:
    share = sort_entries([Parcel("7", [], b"\xff\x00")], frozenset())
    assert [(letter.reason, letter.original) for letter in share.dead_letters] == [("bad_parcel", b"\xff\x00")]


def test_a_batch_knows_edits_revisions_and_settled_letters() -> None:
    edited = make_tweet("1", source="bluesky", replaces=("1",), revision="3b", dead_letter="d1")
    refused = make_tweet("2", dead_letter="d2")
    share = sort_entries([Parcel("1", [edited, refused])], frozenset())
    answers: list[ScoredText | RefusedText] = [ScoredText("POSITIVE", 0.9, NEW), RefusedText("text_too_long", "why")]
    batch = build_batch(share, share.clean_texts(), answers)
    assert (batch.edited, batch.revisions, list(batch.buried)) == ({"1"}, {"1": "3b"}, ["d1"])
    assert [letter.id for letter in batch.dead_letters] == ["d2"]
    assert isinstance(unpack_entries(batch.dead_letters[0].original)[0], Tweet)


def test_a_post_repeated_after_its_edit_does_not_undo_it() -> None:
    post, edit = make_tweet("1", revision="3a"), make_tweet("1", text="edited", replaces=("1",), revision="3b")
    share = sort_entries([Parcel("1", [post, edit, post])], frozenset())
    batch = build_batch(share, share.clean_texts(), [ScoredText("POSITIVE", 0.9, NEW)] * 3)
    assert [result.twitter_raw for result in batch.results] == ["edited"]
    assert (batch.revisions, batch.edited) == ({"1": "3b"}, {"1"})
