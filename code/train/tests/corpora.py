"""Small corpora whose labels a few words decide."""

from __future__ import annotations

import numpy as np

from libs.corpus import Corpora, Corpus, clean_rows, split_corpora
from libs.dataset import Rows
from libs.values.recipe import Recipe

GOOD = ("love", "great", "amazing", "good", "perfect", "nice", "lovely")
BAD = ("hate", "awful", "terrible", "bad", "useless", "broken", "horrible")
NEUTRAL = ("opens", "starts", "arrives", "meets", "lands", "moves", "ships")
THINGS = ("phone", "flight", "coffee", "parcel", "ticket", "shoe", "train", "meal", "seat", "app")


def make_rows(count: int, classes: int = 2, seed: int = 1, name: str = "made up") -> Rows:
    """Return rows whose label one word gives away in nine of ten; labels index NEGATIVE, NEUTRAL, POSITIVE."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([0, 2] if classes == 2 else [0, 1, 2], count).astype(np.int8)
    words = {0: BAD, 1: NEUTRAL, 2: GOOD}
    texts = []
    for index, label in enumerate(labels.tolist()):
        shown = label if rng.random() < 0.9 else int(rng.choice([0, 2]))
        texts.append(f"the {rng.choice(THINGS)} {rng.choice(words[shown])} at {index % 97} again {name} {index}")
    topics = [str(THINGS[index % 3]) for index in range(count)]
    return Rows(name, "0" * 64, texts, labels, topics, count, 0, "")


def make_corpus(count: int, classes: int = 2, seed: int = 1, name: str = "made up") -> Corpus:
    return clean_rows(make_rows(count, classes, seed, name))


def make_corpora(labelled: Corpus, distant: Corpus | None = None, recipe: Recipe | None = None) -> Corpora:
    """Return the corpora of a run with their training rows chosen, by default by the default recipe."""
    return split_corpora(labelled, distant, recipe or Recipe())
