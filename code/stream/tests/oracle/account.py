"""The reckoning: what is stored, dead or in a gap, against what was said."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from develop.simulators.serve import score
from libs.results import Results
from libs.values.result import Result
from libs.values.times import read_time
from libs.values.tweet import DeadLetter, Gap, Tweet, unpack_entries
from oracle.plan import Plan
from oracle.posts import DEAD, Post
from sentiment.errors import PermanentError
from sentiment.text.cleaning import clean

_SLACK_SECONDS = 2.0  # X alone: between a post leaving the simulator and the app having read it, on a busy machine


@dataclass
class Account:
    """What a run came to; empty lists of ``wrong`` and ``unfired`` mean that it is right."""

    plan: Plan
    emitted: int = 0
    stored: int = 0
    dead: int = 0
    removed: int = 0
    in_gaps: int = 0
    gaps: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)
    unfired: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        """Whether every post is accounted for and every planned fault has fired."""
        return not self.wrong and not self.unfired and self.emitted > 0

    @property
    def counts(self) -> str:
        """Say how many posts went where."""
        return (
            f"{self.emitted} emitted = {self.stored} stored + {self.dead} dead + {self.removed} removed "
            f"+ {self.in_gaps} in {self.gaps} gaps"
        )


def settle(account: Account, posts: dict[str, Post], results: Results) -> None:
    """Fill in the account: one verdict for each post, and for the tables as a whole."""
    stored, letters = results.read_by_id(list(posts)), _read_letters(results, posts)
    gaps = results.read_gaps(10_000)
    holes = _measure(gaps, _SLACK_SECONDS if account.plan.source == "x" else 0.001)
    account.emitted, account.gaps = len(posts), len(gaps)
    for post in posts.values():
        account.wrong += _judge(account, post, stored.get(post.id), letters[post.id], holes)
    account.wrong += _find_holes(posts, stored.keys() | {post for post, found in letters.items() if found})
    total = results.count_all()
    if total["stored"] != account.stored:
        account.wrong.append(f"{total['stored']} rows stored, {account.stored} of them expected")
    if total["dead_letters"] != account.dead:
        account.wrong.append(f"{total['dead_letters']} dead letters, {account.dead} of them expected")
    account.wrong += [f"the gap {gap} is open although the source is read" for gap in gaps if not gap.ended_at]


def _judge(
    account: Account, post: Post, result: Result | None, letters: list[DeadLetter], holes: list[tuple[float, float]]
) -> list[str]:
    if result and letters:
        return [f"{post} is stored and with the dead letters: {letters}"]
    found = result.twitter_raw if result else DEAD if letters else None
    allowed = post.allowed(holes)
    if found not in allowed:
        return [f"{post} is {_name(found)}, allowed: {[_name(state) for state in allowed]}"]
    if result:
        account.stored += 1
        return _judge_result(result)
    if letters:
        account.dead += 1
        return [] if [letter.reason for letter in letters] == [post.reason] else [f"{post} died of {letters}"]
    gone = post.versions[-1].text is None
    account.removed += gone
    account.in_gaps += not gone
    return []


def _judge_result(result: Result) -> list[str]:
    expected = score(clean(result.twitter_raw))
    right = (result.sentiment, result.score, result.twitter_clean, result.topics) == (
        expected["label"],
        expected["score"],
        clean(result.twitter_raw),
        ("acme",),
    )
    return [] if right else [f"{result} should be {expected}"]


def _find_holes(posts: dict[str, Post], present: set[str]) -> list[str]:
    """Find posts lost in the middle of a connection: what comes later on the same one tells that it was heard."""
    connections: dict[int, list[Post]] = defaultdict(list)
    for post in sorted(posts.values(), key=lambda post: post.versions[0].at):
        if post.connection and not post.again and len(post.versions) == 1:
            connections[post.connection].append(post)
    wrong = []
    for number, heard in connections.items():
        there = [post.id in present for post in heard]
        if False in there and True in there[there.index(False) :]:
            wrong.append(f"{heard[there.index(False)]} is missing in the middle of connection {number}")
    return wrong


def _read_letters(results: Results, posts: dict[str, Post]) -> dict[str, list[DeadLetter]]:
    found: dict[str, list[DeadLetter]] = defaultdict(list)
    for letter in results.read_dead_letters(10_000):
        found[_name_post(letter, posts)].append(letter)
    return found


def _name_post(letter: DeadLetter, posts: dict[str, Post]) -> str:
    try:
        (entry,) = unpack_entries(letter.original)
    except (PermanentError, ValueError):
        said = letter.original.decode("utf-8", "replace")
        broken = [post.id for post in posts.values() if f'"{post.id.rpartition("/")[2]}"' in said]
        return broken[0] if len(broken) == 1 else letter.id
    return entry.id if isinstance(entry, Tweet) else letter.id


def _measure(gaps: list[Gap], slack: float) -> list[tuple[float, float]]:
    return [
        (
            read_time(gap.started_at).timestamp() - slack,
            (read_time(gap.ended_at).timestamp() if gap.ended_at else time.time()) + slack,
        )
        for gap in gaps
        if not gap.recovered
    ]


def _name(state: str | None) -> str:
    return "absent" if state is None else "dead" if state == DEAD else f"stored as {state[:60]!r}"
