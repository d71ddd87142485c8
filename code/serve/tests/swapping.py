"""Publish, promote, roll back and spoil releases; know what each must answer."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import requests
from hammering import TEXTS
from processes import Served
from releases import force_current, publish_spoiled

from develop.fixtures.tiny_release import WEIGHTS, publish_tiny_release
from sentiment.errors import SentimentError
from sentiment.release.promotion import promote_release, roll_back
from sentiment.store import Store
from sentiment.text.cleaning import clean
from sentiment.text.tokens import tokenize

_PATIENCE_SECONDS = 180


class Swaps:
    """Drives a store; ``biases`` says what each good version adds to the log-odds, so that its answers are known."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._random = random.Random(seed)
        self.biases: dict[str, float] = {}
        self.went_live: list[str] = []
        self.refused: dict[str, str] = {}
        self.times_refused: Counter[str] = Counter()
        self.changes = 0
        self.rollbacks = 0

    def publish_good(self) -> str:
        """Publish and promote a release that answers unlike all before it."""
        version = f"good-{len(self.biases)}"
        self.biases[version] = round(self._random.uniform(-2, 2), 3)
        publish_tiny_release(self._store, version, bias=self.biases[version])
        promote_release(self._store, version, "swap")
        self.went_live.append(version)
        return version

    def run(self, served: Served, changes: int, kinds: list[str]) -> None:
        """Make ``changes`` changes, each kind of bad release among them, and see each one arrive."""
        order = [*kinds, *("good" for _ in range(changes - len(kinds)))]
        self._random.shuffle(order)
        for kind in order:
            if kind == "good":
                self._change(served)
            else:
                self._spoil(served, kind)
            self.changes += 1

    def _change(self, served: Served) -> None:
        version = self._roll_back() if len(self.biases) > 1 and self._random.random() < 0.3 else None
        version = version or self.publish_good()
        _wait(served, lambda ready: ready["model_version"] == version and ready["refused"] is None)

    def _roll_back(self) -> str | None:
        """Return the good version that is current again, or None where the one before was a bad one."""
        try:
            version = roll_back(self._store, "swap").version
        except SentimentError:
            return None
        self.rollbacks += version in self.biases
        return version if version in self.biases else None

    def _spoil(self, served: Served, kind: str) -> None:
        version = f"bad-{self.changes}"
        code = publish_spoiled(self._store, version, kind)
        force_current(self._store, version)
        _wait(served, lambda ready: (ready["refused"] or {}).get("version") == version)
        ready = requests.get(f"{served.url}/ready", timeout=30).json()
        assert ready["ready"] is True
        found = (ready["refused"] or {}).get("code")
        assert found == code, f"{kind} was refused as {found}"
        self.refused[kind] = found
        self.times_refused[kind] += 1


def _wait(served: Served, holds: object) -> None:
    # Each worker answers for itself, so what holds must be heard many times in a row.
    deadline, streak = time.monotonic() + _PATIENCE_SECONDS, 0
    while streak < 12:
        ready = requests.get(f"{served.url}/ready", timeout=30).json()
        streak = streak + 1 if holds(ready) else 0  # type: ignore[operator]
        assert time.monotonic() < deadline, f"the workers did not converge: {ready}"
        time.sleep(0.01 if streak else 0.1)


def find_first_lie(answers: Iterable[tuple[str, int, float]], biases: dict[str, float]) -> str | None:
    """Return the first answer that its version cannot have given, from the word list and the version's bias alone."""
    odds = [sum(WEIGHTS.get(token, 0.0) for token in tokenize(clean(text))) for text in TEXTS]
    for version, index, score in answers:
        if version not in biases:
            return f"{version} should never have answered"
        expected = 1 / (1 + math.exp(-(odds[index] + biases[version])))
        if abs(score - expected) > 2e-5:
            return f"{version} answered {score} to {TEXTS[index]!r}, should be {expected:.5f}"
    return None


def read_memory(pid: int) -> list[int]:
    """Return the resident bytes of each worker of the server ``pid``."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [_read_resident(child) for child in children]


def _read_resident(pid: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
