"""What a seed does: which parts it runs, and which faults they meet in which order."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product

COMBINATIONS = list(product(["x", "jetstream"], ["folder", "sqs"], ["sqlite", "dynamodb"], [False, True]))
"""Source, spool, results store, and whether ingest and analyze are processes of their own; seeds go through them in turn."""
SUITE_SEEDS = (0, 2, 13, 15)
"""A few that meet every fault and every part, for the suite; a test sees to that."""

_ALWAYS = (
    "tear",
    "clean close",
    "serve answers 429",
    "serve answers 5xx",
    "serve cuts",
    "serve is slow",
    "too long for serve",
    "crashes serve",
    "broken message",
)
WINDOWS = ("serve is slow", "full disk", "full spool", "handed back in a 200", "cut before the answer", "SQS fails")
"""Faults that last until they are lifted, so that a kill can come in their midst."""


@dataclass(frozen=True)
class Plan:
    """One seed's script."""

    seed: int
    source: str
    spool: str
    store: str
    apart: bool
    faults: tuple[str, ...]
    killed_in: str
    """The fault in whose midst a process is killed."""

    @property
    def title(self) -> str:
        """Say which parts run."""
        return f"{self.source} → {self.spool} → {self.store}{', apart' if self.apart else ''}"


def make_plan(seed: int) -> Plan:
    """Return the script of a seed, always the same."""
    chance = random.Random(seed)
    source, spool, store, apart = COMBINATIONS[seed % len(COMBINATIONS)]
    faults = [*_ALWAYS, *_particular(source, spool, store), chance.choice(["kill", "restart"])]
    chance.shuffle(faults)
    killed_in = chance.choice([fault for fault in faults if fault in WINDOWS])
    return Plan(seed, source, spool, store, apart, tuple(faults), killed_in)


def _particular(source: str, spool: str, store: str) -> list[str]:
    """Return the faults that only these parts can meet."""
    faults = ["operational disconnect"] if source == "x" else ["clamped cursor"]
    if "folder" in spool or "sqlite" in store:
        faults.append("full disk")
    if spool == "folder":
        faults.append("full spool")
    if store == "dynamodb":
        faults.append("handed back in a 200")
    if spool == "sqs":
        faults.append("SQS fails")
    if "sqs" in spool or "dynamodb" in store:
        faults.append("cut before the answer")
    return faults
