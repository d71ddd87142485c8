"""What a simulated network says in a demo: the posts of a file in Sentiment140's columns, over and over, at a rate."""

from __future__ import annotations

import csv
import gzip
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class SamplePost(NamedTuple):
    """Who said what about which topic."""

    topic: str
    user: str
    text: str


def read_posts(path: Path) -> list[SamplePost]:
    """Return the posts of a gzipped file ``target,id,date,flag,user,text``; the flag is the topic."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [SamplePost(flag, user, text) for _, _, _, flag, user, text in csv.reader(file)]


def say_forever(posts: list[SamplePost], posts_a_second: float) -> Iterator[SamplePost]:
    """Yield the posts in turn without end, each when it is due, with the pauses of a Poisson process."""
    chance = random.Random()  # noqa: S311 - the pace of a demo, no secret  # nosec B311
    while True:
        for post in posts:
            time.sleep(chance.expovariate(posts_a_second))
            yield post
