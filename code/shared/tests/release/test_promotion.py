"""Promotion: one winner, no ghosts, and a history that survives crashes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from develop.fixtures.tiny_release import publish_tiny_release
from sentiment.errors import KeyMissingError, PermanentError, RaceLostError, ReleaseError
from sentiment.release.promotion import (
    CURRENT,
    HISTORY,
    find_live_at,
    promote_release,
    read_current,
    read_history,
    record_refusal,
    roll_back,
)
from sentiment.store import Store


@pytest.fixture
def three(store: Store) -> Store:
    for version in ("v1", "v2", "v3"):
        publish_tiny_release(store, version)
    return store


def live(store: Store) -> str:
    tagged = read_current(store)
    assert tagged is not None
    return tagged.current.version


def test_before_the_first_promotion_nothing_is_live(store: Store) -> None:
    assert read_current(store) is None
    assert read_history(store) == []
    with pytest.raises(PermanentError) as refusal:
        roll_back(store, "why not")
    assert refusal.value.code == "no_previous"


def test_promotions_are_remembered_in_order(three: Store) -> None:
    for version in ("v1", "v2", "v3"):
        promote_release(three, version, f"because of {version}")
    assert live(three) == "v3"
    assert [(line.version, line.previous, line.reason) for line in read_history(three)] == [
        ("v1", None, "because of v1"),
        ("v2", "v1", "because of v2"),
        ("v3", "v2", "because of v3"),
    ]


def test_a_rollback_returns_to_the_version_before(three: Store) -> None:
    promote_release(three, "v1", "first")
    promote_release(three, "v2", "second")
    assert roll_back(three, "v2 is worse").version == "v1"
    assert live(three) == "v1"
    assert read_history(three)[-1].reason == "v2 is worse"


def test_promoting_what_is_live_changes_nothing(three: Store) -> None:
    first = promote_release(three, "v1", "first")
    assert promote_release(three, "v1", "again") == first
    assert len(read_history(three)) == 1


def test_a_ghost_is_never_promoted(store: Store) -> None:
    with pytest.raises(KeyMissingError):
        promote_release(store, "nowhere", "no reason")
    assert read_current(store) is None


def test_a_decision_made_on_old_ground_is_refused(three: Store) -> None:
    promote_release(three, "v1", "first")
    seen = read_current(three)
    promote_release(three, "v2", "somebody else")
    with pytest.raises(RaceLostError):
        promote_release(three, "v3", "was better than v1", expected=seen)
    assert live(three) == "v2"


def test_a_decision_made_while_nothing_was_live_is_refused_once_something_is(three: Store) -> None:
    seen = read_current(three)
    assert seen is None
    promote_release(three, "v2", "somebody else")
    with pytest.raises(RaceLostError):
        promote_release(three, "v3", "the first valid release", expected=seen)
    assert live(three) == "v2"


def test_racing_promotions_all_reach_the_history_and_chain(open_again: Callable[[], Store]) -> None:
    versions = [f"v{number}" for number in range(6)]
    for version in versions:
        publish_tiny_release(open_again(), version)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda version: promote_release(open_again(), version, "race"), versions))
    history = read_history(open_again())
    assert sorted(line.version for line in history) == versions
    assert [line.previous for line in history] == [None, *[line.version for line in history[:-1]]]
    assert history[-1].version == live(open_again())


def test_a_crash_between_swap_and_history_loses_no_line(three: Store) -> None:
    """The history line of a promotion may be missing after a crash: current stands in, and the next swap writes it."""
    promote_release(three, "v1", "first")
    for key in list(three.list_keys(HISTORY)):
        three.delete(key)
    assert [line.version for line in read_history(three)] == ["v1"]
    promote_release(three, "v2", "second")
    assert [line.version for line in read_history(three)] == ["v1", "v2"]
    assert len(list(three.list_keys(HISTORY))) == 2


def test_a_refused_release_is_in_the_history_but_not_live(three: Store) -> None:
    promote_release(three, "v1", "first")
    record_refusal(three, "v2", "worse by 0.02", ("must-hold sentence failed",))
    last = read_history(three)[-1]
    assert (last.version, last.promoted, last.reason, last.warnings) == (
        "v2",
        False,
        "worse by 0.02",
        ("must-hold sentence failed",),
    )
    assert live(three) == "v1"


def test_history_answers_what_was_live_when(three: Store) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    promote_release(three, "v1", "first")
    between = datetime.now(UTC)
    promote_release(three, "v2", "second")
    record_refusal(three, "v3", "worse")
    assert find_live_at(three, before) is None
    assert (at := find_live_at(three, between)) is not None
    assert at.version == "v1"
    assert (now := find_live_at(three, datetime.now(UTC))) is not None
    assert now.version == "v2"


def test_an_unreadable_current_is_named(directory_store: Store) -> None:
    directory_store.write(CURRENT, b'{"version": 7}')
    with pytest.raises(ReleaseError) as refusal:
        read_current(directory_store)
    assert refusal.value.code == "bad_current"
