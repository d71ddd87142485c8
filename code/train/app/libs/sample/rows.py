"""The corpus: who wrote what about which brand and when, in the columns of Sentiment140."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import NamedTuple

from libs.sample.grammar import load_grammars
from libs.sample.posts import NEGATIVE, POSITIVE, Post, write_post
from libs.sample.style import make_user

DATE_FORMAT = "%a %b %d %H:%M:%S UTC %Y"
REPLAY_END = datetime(2026, 11, 1, tzinfo=UTC)
REPLAY_SPAN = timedelta(days=3)
TRAINING_SPAN = timedelta(days=90)  # ends where the replay begins
SNOWFLAKE_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)  # X's ids: milliseconds since, then 22 bits
SNOWFLAKE_LOW_BITS = 22
USERS = 4_000
LONGEST_POST_CHARACTERS = 280  # X's limit

NEGATIVE_SHARE = 0.5
REPLAY_NEGATIVE_SHARE = {"Aerquill": 0.42, "Quorvex": 0.45, "Mugwhistle": 0.34, "Tarnwick": 0.52}
INCIDENT_BRAND = "Aerquill"
INCIDENT_TIME = (0.55, 0.75)  # of the replay's span
INCIDENT_POST_SHARE = 0.5  # of all posts while it lasts
INCIDENT_NEGATIVE_SHARE = 0.92

SIDES = 4  # a text's words decide its side: one in four can only ever be replayed, the others only trained on
NOT_WORDS = re.compile(r"https?://\S+|[@#]\w+|&#?\w+;|[^\w@#&]+|[@#&]")


class Row(NamedTuple):
    """One labelled post: Sentiment140's six columns in their order, with the brand's topic as `flag`."""

    target: int
    id: int
    date: str
    flag: str
    user: str
    text: str


class _Subject(NamedTuple):
    brand: str
    negative_share: float
    incident: bool = False


def generate_training_rows(rows: int = 24_000, seed: int = 2026) -> Iterator[Row]:
    """Return `rows` distinct posts in order of time, half of them negative; the same for the same arguments.

    Raises ValueError when `rows` is negative.
    """
    rng = Random(f"training {seed}")  # noqa: S311, a reproducible corpus, not a secret
    brands = tuple(load_grammars())

    def choose_subject(_progress: float) -> _Subject:
        return _Subject(rng.choice(brands), NEGATIVE_SHARE)

    moments = _moments(rows, REPLAY_END - REPLAY_SPAN - TRAINING_SPAN, TRAINING_SPAN, rng)
    return _generate_rows(moments, choose_subject, rng, replayed=False)


def generate_replay_rows(rows: int = 3_000, seed: int = 2026) -> Iterator[Row]:
    """Return `rows` further posts in order of time, over the three days before REPLAY_END.

    None says in the same words what a training row of any seed or number of rows says. During INCIDENT_TIME the posts
    about INCIDENT_BRAND multiply and turn negative. Raises ValueError when `rows` is negative.
    """
    rng = Random(f"replay {seed}")  # noqa: S311, a reproducible corpus, not a secret
    brands = tuple(load_grammars())

    def choose_subject(progress: float) -> _Subject:
        if INCIDENT_TIME[0] <= progress < INCIDENT_TIME[1] and rng.random() < INCIDENT_POST_SHARE:
            return _Subject(INCIDENT_BRAND, INCIDENT_NEGATIVE_SHARE, incident=True)
        brand = rng.choice(brands)
        return _Subject(brand, REPLAY_NEGATIVE_SHARE[brand])

    moments = _moments(rows, REPLAY_END - REPLAY_SPAN, REPLAY_SPAN, rng)
    return _generate_rows(moments, choose_subject, rng, replayed=True)


def _moments(rows: int, start: datetime, span: timedelta, rng: Random) -> Iterator[tuple[float, datetime]]:
    """Return `rows` growing pairs of progress (0 to 1) and moment, about evenly spread."""
    if rows < 0:
        raise ValueError(f"rows must be 0 or more, not {rows}")
    progresses = ((index + rng.random()) / rows for index in range(rows))
    return ((progress, start + span * progress) for progress in progresses)


def _generate_rows(
    moments: Iterator[tuple[float, datetime]],
    choose_subject: Callable[[float], _Subject],
    rng: Random,
    *,
    replayed: bool,
) -> Iterator[Row]:
    users = [make_user(rng) for _ in range(USERS)]
    seen: set[bytes] = set()
    for index, (progress, moment) in enumerate(moments):
        subject = choose_subject(progress)
        post = _write_new_post(subject, rng, seen, replayed=replayed)
        date = moment.strftime(DATE_FORMAT)
        yield Row(post.target, _make_id(moment, index), date, subject.brand, rng.choice(users), post.text)


def _write_new_post(subject: _Subject, rng: Random, seen: set[bytes], *, replayed: bool) -> Post:
    """Write until the post is short enough, and its words belong to this side and were not written before."""
    grammar = load_grammars()[subject.brand]
    target = NEGATIVE if rng.random() < subject.negative_share else POSITIVE
    while True:
        post = write_post(grammar, target, rng, incident=subject.incident)
        words = blake2b(NOT_WORDS.sub(" ", post.text.lower()).strip().encode(), digest_size=8).digest()
        own_side = (words[0] % SIDES == 0) is replayed
        if own_side and words not in seen and len(post.text) <= LONGEST_POST_CHARACTERS:
            seen.add(words)
            return post


def _make_id(moment: datetime, index: int) -> int:
    """Return a number as X gives them: it grows with time, and the row's place makes it unique."""
    milliseconds = (moment - SNOWFLAKE_EPOCH) // timedelta(milliseconds=1)
    return milliseconds << SNOWFLAKE_LOW_BITS | index % (1 << SNOWFLAKE_LOW_BITS)
