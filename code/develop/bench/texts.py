"""Texts to predict: real tweets where there are some, so that no batch is like the one before; else a few made up."""

from __future__ import annotations

import csv
import gzip
import os
from itertools import islice
from pathlib import Path
from typing import Final

from develop.places import ROOT

DATA: Final = Path(os.environ.get("SENTIMENT_DATA_DIR") or ROOT.parent / "shared" / "data")
ONE: Final = "The flight was late again, but the crew were great and I love them! 12:45 to Boston"
_MADE_UP: Final = (  # as long as tweets are: 14 words on average
    "@united the flight was late again, but the crew were great and I love them! 12:45 to Boston",
    "so tired today, why is it only tuesday",
    "Just got my new phone and it is the best one I ever had!!",
    "waited two hours and nobody answered, never buying from you again http://t.co/x",
    "lol nice one :)",
    "Anyone else having trouble logging in this morning? The page keeps timing out on me &amp; my team",
    "thanks for the quick help yesterday, everything works now",
    "I don't think the update is that bad, not great either",
)


def read_texts(count: int) -> tuple[list[str], str]:
    """Return ``count`` texts and what they are, for the remark under a table."""
    source = DATA / "sentiment140_train.csv.gz"
    if not source.exists():
        return [
            f"{_MADE_UP[number % len(_MADE_UP)]} {number}" for number in range(count)
        ], "eight made-up texts, numbered"
    with gzip.open(source, "rt", encoding="utf-8", newline="") as rows:
        return [row[5] for row in islice(csv.reader(rows), count)], f"{count:,} real tweets"
