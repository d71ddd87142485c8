"""What every results store must do; run on SQLite, PostgreSQL, MariaDB and two DynamoDBs over HTTP (moto, dynalite)."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from makers import NEW, OLD, batch_of, make_result

from libs.results import Results, ResultsQuery, open_results
from libs.values.position import Position
from libs.values.result import ResultBatch, Skipped
from libs.values.times import now
from libs.values.tweet import DeadLetter, Gap, Removal
from sentiment.errors import SentimentError


@pytest.fixture
def tag() -> str:
    """Servers are shared by tests: ids and topics of each test are its own."""
    return uuid4().hex[:12]


def test_a_stored_result_is_read_back_field_by_field(results: Results, tag: str) -> None:
    result = make_result(f"{tag}-Ä😀", topics=("acme", "delta"), twitter_raw="a\nb 😀 'quoted' \\ \u202eabc", score=0.1)
    results.store(batch_of(result))
    assert results.read_by_id([result.id, "missing"]) == {result.id: result}


def test_ids_that_differ_in_case_are_different_posts(results: Results, tag: str) -> None:
    results.store(batch_of(make_result(f"{tag}a"), make_result(f"{tag}A")))
    assert set(results.read_by_id([f"{tag}a", f"{tag}A"])) == {f"{tag}a", f"{tag}A"}


def test_the_same_batch_again_changes_nothing(results: Results, tag: str) -> None:
    first = make_result(tag, topics=(tag,))
    results.store(batch_of(first))
    results.store(batch_of(first._replace(analyzed_at="2027-01-01T00:00:00.000Z", score=0.2, sentiment="NEGATIVE")))
    assert results.read_by_id([tag])[tag] == first
    assert results.read(ResultsQuery(topic=tag)) == [first]


def test_one_id_twice_in_a_batch_is_stored_once(results: Results, tag: str) -> None:
    results.store(batch_of(make_result(tag, topics=(tag,)), make_result(tag, topics=(tag,))))
    assert len(results.read(ResultsQuery(topic=tag))) == 1


def test_a_newer_model_overwrites_and_an_older_never_does(results: Results, tag: str) -> None:
    newer = make_result(tag, model_version=NEW, sentiment="NEGATIVE", score=0.1, topics=(tag,))
    results.store(batch_of(make_result(tag, topics=(tag,))))
    results.store(batch_of(newer))
    results.store(batch_of(make_result(tag, model_version=OLD, topics=(tag,))))
    assert results.read_by_id([tag])[tag] == newer
    assert results.read(ResultsQuery(topic=tag)) == [newer], "and its topics lead to the new label only"


def test_a_removed_post_is_gone_and_stays_gone_when_it_comes_late(results: Results, tag: str) -> None:
    result = make_result(tag, source="x", topics=(tag,))
    results.store(batch_of(result))
    results.store(batch_of(removals=[Removal(tag, "2026-03-01T12:01:00.000Z", "deleted")]))
    results.store(batch_of(result))
    assert results.read_by_id([tag]) == {}
    assert results.read(ResultsQuery(topic=tag)) == []


def test_an_edit_in_place_overwrites_and_an_older_version_does_not_come_back(results: Results, tag: str) -> None:
    original = make_result(tag, source="bluesky", topics=(tag,))
    edited = original._replace(
        twitter_clean="edited", sentiment="NEGATIVE", score=0.2, analyzed_at="2026-03-01T13:00:00.000Z"
    )
    results.store(batch_of(original, revisions={tag: "3a"}))
    results.store(batch_of(edited, revisions={tag: "3b"}, edited=frozenset({tag})))
    results.store(batch_of(original._replace(model_version=NEW), revisions={tag: "3a"}))
    assert results.read_by_id([tag])[tag] == edited
    assert results.read(ResultsQuery(topic=tag)) == [edited]


def test_a_post_written_anew_after_its_removal_is_stored(results: Results, tag: str) -> None:
    result = make_result(tag, source="bluesky")
    results.store(batch_of(removals=[Removal(tag, "2026-03-01T12:01:00.000Z", "deleted", "3b")]))
    results.store(batch_of(result, revisions={tag: "3a"}))
    assert results.read_by_id([tag]) == {}
    results.store(batch_of(result, revisions={tag: "3c"}))
    assert results.read_by_id([tag]) == {tag: result}


def test_pages_of_results_neither_overlap_nor_skip_posts_of_one_moment(results: Results, tag: str) -> None:
    dates = ["2026-03-01T12:00:00.000Z"] * 5 + ["2026-03-01T11:59:59.000Z", "2026-03-01T13:30:00.000Z"]
    stored = [make_result(f"{tag}{number}", data=date, topics=(tag,)) for number, date in enumerate(dates)]
    results.store(batch_of(*stored))
    pages, before = [], ""
    while page := results.read(ResultsQuery(topic=tag, before=before, limit=2)):
        pages += page
        before = f"{page[-1].data}#{page[-1].id}"
    assert pages == sorted(stored, key=lambda result: (result.data, result.id), reverse=True)


def test_results_are_found_by_topic_label_and_time(results: Results, tag: str) -> None:
    wanted = make_result(f"{tag}1", topics=(tag,), sentiment="NEGATIVE", score=0.2)
    results.store(
        batch_of(
            wanted,
            make_result(f"{tag}2", topics=(tag,)),
            make_result(f"{tag}3", topics=("other",), sentiment="NEGATIVE", score=0.2),
            make_result(f"{tag}4", topics=(tag,), sentiment="NEGATIVE", score=0.2, data="2026-03-02T00:00:00.000Z"),
        )
    )
    query = ResultsQuery(tag, "NEGATIVE", "2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z")
    assert results.read(query) == [wanted]


def test_most_negative_posts_come_by_score(results: Results, tag: str) -> None:
    scores = (0.3, 0.05, 0.2)
    stored = [make_result(f"{tag}{score}", topics=(tag,), sentiment="NEGATIVE", score=score) for score in scores]
    results.store(batch_of(*stored, make_result(f"{tag}x", topics=(tag,))))
    found = results.read(ResultsQuery(topic=tag, sentiment="NEGATIVE", limit=2, order="most_negative"))
    assert [result.score for result in found] == [0.05, 0.2]


def test_counts_over_time_add_up(results: Results, tag: str) -> None:
    results.store(
        batch_of(
            make_result(f"{tag}1", topics=(tag,), score=0.9, data="2026-03-01T12:00:10.000Z"),
            make_result(f"{tag}2", topics=(tag,), score=0.8, data="2026-03-01T12:04:59.000Z"),
            make_result(f"{tag}3", topics=(tag,), score=0.1, sentiment="NEGATIVE", data="2026-03-01T12:05:00.000Z"),
        )
    )
    found = results.count_over_time(tag, "2026-03-01T12:00:00.000Z", "2026-03-01T13:00:00.000Z", 300)
    assert [(row.start, row.sentiment, row.posts, round(row.score_sum, 5)) for row in found] == [
        ("2026-03-01T12:00:00.000Z", "POSITIVE", 2, 1.7),
        ("2026-03-01T12:05:00.000Z", "NEGATIVE", 1, 0.1),
    ]
    topics = {row[:3] for row in results.count_topics("2026-03-01T12:00:00.000Z", "2026-03-01T13:00:00.000Z")}
    assert {(tag, "POSITIVE", 2), (tag, "NEGATIVE", 1)} <= topics


def test_counts_follow_an_overwrite(results: Results, tag: str) -> None:
    period = ("2026-03-01T12:00:00.000Z", "2026-03-01T13:00:00.000Z")
    results.store(batch_of(make_result(tag, topics=(tag,))))
    assert [row.sentiment for row in results.count_over_time(tag, *period, 60)] == ["POSITIVE"]
    results.store(batch_of(make_result(tag, topics=(tag,), model_version=NEW, sentiment="NEGATIVE", score=0.1)))
    assert [row.sentiment for row in results.count_over_time(tag, *period, 60)] == ["NEGATIVE"]


def test_of_two_ends_of_a_gap_the_later_counts(results: Results, tag: str) -> None:
    """A crash came between keeping the end and keeping the position: the gap went on for longer."""
    gap = Gap(tag, "x", "2026-03-01T12:00:00.000Z", "", "restart", recovered=False)
    early, late = (gap._replace(ended_at=f"2026-03-01T12:0{minute}:00.000Z") for minute in (1, 2))
    for known in (gap, early, gap, late, early):
        results.store(batch_of(gaps=[known]))
    assert [known for known in results.read_gaps(1000) if known.id == tag] == [late]


def test_an_edit_wins_although_it_was_analysed_before_its_post(results: Results, tag: str) -> None:
    """Batches are analysed side by side and stored in order."""
    post = make_result(tag, source="bluesky", analyzed_at="2026-03-01T12:00:05.000Z")
    edit = post._replace(twitter_raw="edited", analyzed_at="2026-03-01T12:00:04.000Z")
    results.store(batch_of(post, revisions={tag: "3a"}))
    results.store(batch_of(edit, revisions={tag: "3b"}, edited=frozenset({tag})))
    assert results.read_by_id([tag])[tag] == edit


def test_a_gap_is_closed_once_and_never_opened_again(results: Results, tag: str) -> None:
    opened = Gap(tag, "x", "2099-03-01T12:00:00.000Z", "", "stalled", recovered=False)
    closed = opened._replace(ended_at="2099-03-01T12:01:00.000Z", recovered=True)
    for gap in (opened, closed, opened):
        results.store(batch_of(gaps=[gap]))
    assert [gap for gap in results.read_gaps(1000) if gap.id == tag] == [closed]


def test_a_dead_letter_keeps_its_bytes_until_it_is_settled(results: Results, tag: str) -> None:
    letter = DeadLetter(tag, "replay", "line 3", "not_utf8", "why", b"\x00\xff\xfe bytes", "2099-03-01T12:00:00.000Z")
    results.store(batch_of(dead_letters=[letter, letter]))
    assert results.read_dead_letter(tag) == letter
    assert letter in results.read_dead_letters(1000)
    assert results.count_dead_letters() == len(results.read_dead_letters(1000))
    results.store(batch_of(buried=[tag]))
    assert results.read_dead_letter(tag) is None


def test_a_position_is_kept_by_source(results: Results, tag: str) -> None:
    assert results.read_position(tag) == Position()
    for number in (1, 2):
        position = Position(f"0:{number}", "2026-03-01T12:00:00.000Z", number, finished=number == 2)
        results.write_position(tag, position)
    assert results.read_position(tag) == position


def test_results_of_older_models_are_found_once_each(results: Results, tag: str) -> None:
    old = [make_result(f"{tag}{number}", model_version="00000000T000000Z-000000") for number in range(1100)]
    results.store(batch_of(*old, make_result(f"{tag}new")))
    found = [result for result in results.read_outdated("00000000T000000Z-000001") if result.id.startswith(tag)]
    assert sorted(found) == sorted(old)


def test_scoring_anew_overwrites_only_the_row_that_was_read(results: Results, tag: str) -> None:
    """Meanwhile a post may have been edited, removed, or scored by a newer model still."""
    first = make_result(tag, source="bluesky", topics=(tag,))
    results.store(batch_of(first, revisions={tag: "3a"}))
    anew = first._replace(
        model_version=NEW, sentiment="NEGATIVE", score=0.1, analyzed_at="2026-03-02T00:00:00.000Z", source="replay"
    )
    results.store(batch_of(anew, rescored={tag: "2020-01-01T00:00:00.000Z"}))
    assert results.read_by_id([tag])[tag] == first, "another row than was read"
    results.store(batch_of(anew, rescored={tag: first.analyzed_at}))
    assert results.read_by_id([tag])[tag] == anew
    assert results.read(ResultsQuery(topic=tag)) == [anew]
    results.store(batch_of(removals=[Removal(tag, "2026-03-03T00:00:00.000Z", "deleted", "3b")]))
    results.store(batch_of(anew._replace(model_version=f"{NEW}x"), rescored={tag: anew.analyzed_at}))
    assert results.read_by_id([tag]) == {}, "what was removed does not come back"


def test_an_edited_post_can_be_scored_anew(results: Results, tag: str) -> None:
    edited = make_result(tag, source="bluesky")
    results.store(batch_of(edited, revisions={tag: "3b"}, edited=frozenset({tag})))
    anew = edited._replace(model_version=NEW, analyzed_at="2026-03-02T00:00:00.000Z")
    results.store(batch_of(anew, rescored={tag: edited.analyzed_at}))
    assert results.read_by_id([tag])[tag] == anew


def test_counts_by_language_tell_scored_posts_from_skipped_ones(results: Results, tag: str) -> None:
    lang, moment = tag[:8], "2026-03-01T12:00:00.000Z"
    results.store(batch_of(make_result(tag, lang=lang), skipped=[Skipped(f"{tag}s", lang, moment)] * 2))
    period = ("2026-03-01T12:00:00.000Z", "2026-03-01T13:00:00.000Z")
    assert (lang, 1, 1) in results.count_languages(*period)
    results.store(batch_of(skipped=[Skipped(f"{tag}t", lang, moment)]))
    assert (lang, 1, 2) in results.count_languages(*period)


def test_the_newest_date_is_the_newest_posts_and_none_of_the_future(results: Results, tag: str) -> None:
    newest = now()
    results.store(
        batch_of(make_result(f"{tag}1", data=newest), make_result(f"{tag}2", data="2199-01-01T00:00:00.000Z"))
    )
    assert results.read_newest_date() == newest


def test_a_removal_that_comes_while_a_post_is_stored_wins(results_url: str, tag: str) -> None:
    """Two workers of one queue: whichever is first, the post is gone at the end."""
    workers = [open_results(results_url, many_writers=True) for _ in range(2)]
    workers[0].prepare()
    posts = [make_result(f"{tag}{number}", source="bluesky", topics=(tag,)) for number in range(12)]
    for post in posts:
        batches = [
            batch_of(post, revisions={post.id: "3a"}),
            batch_of(removals=[Removal(post.id, "2026-03-01T12:01:00.000Z", "deleted", "3b")]),
        ]
        threads = [
            threading.Thread(target=_store_until_done, args=(worker, batch))
            for worker, batch in zip(workers, batches, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert workers[0].read_by_id([post.id for post in posts]) == {}
    assert workers[0].read(ResultsQuery(topic=tag)) == []
    for worker in workers:
        worker.close()


def test_a_removal_that_is_heard_again_leaves_the_post_that_came_after_it(results: Results, tag: str) -> None:
    """Queues deliver twice, and out of order."""
    post = make_result(f"{tag}1", source="bluesky", topics=(tag,))
    removal = batch_of(removals=[Removal(post.id, "2026-03-01T12:01:00.000Z", "deleted", "3b")])
    results.store(batch_of(post, revisions={post.id: "3a"}))
    results.store(removal)
    assert results.read_by_id([post.id]) == {}
    results.store(batch_of(post, revisions={post.id: "3c"}))
    results.store(removal)
    results.store(batch_of(post._replace(twitter_raw="what was removed"), revisions={post.id: "3a"}))
    assert results.read_by_id([post.id])[post.id].twitter_raw == post.twitter_raw
    results.store(batch_of(removals=[Removal(post.id, "2026-03-01T12:03:00.000Z", "deleted", "3d")]))
    assert results.read_by_id([post.id]) == {}


def test_many_results_fit_in_one_batch(results: Results, tag: str) -> None:
    many = [make_result(f"{tag}{number}") for number in range(600)]
    results.store(batch_of(*many))
    assert len(results.read_by_id([result.id for result in many])) == 600


def test_two_writers_of_one_id_leave_the_newer_model(results: Results, results_url: str, tag: str) -> None:
    other = open_results(results_url, many_writers=True)
    for number in range(10):
        pair = [(results, OLD), (other, NEW)]
        threads = [
            threading.Thread(
                target=_store_until_done,
                args=(store, batch_of(make_result(f"{tag}{number}", model_version=version))),
            )
            for store, version in pair
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = results.read_by_id([f"{tag}{number}" for number in range(10)])
    other.close()
    assert {result.model_version for result in found.values()} == {NEW}


def test_a_store_that_is_not_there_is_a_passing_trouble() -> None:
    with pytest.raises(SentimentError) as caught:
        open_results("postgresql+psycopg://app:sesame@127.0.0.1:1/none").check()
    assert caught.value.code == "results_down"
    assert "sesame" not in caught.value.detail


def _store_until_done(store: Results, batch: ResultBatch) -> None:
    while True:
        try:
            return store.store(batch)
        except SentimentError:
            continue
