"""Ask without pause while something else happens; keep every answer that was not as it should be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import getrandbits
from typing import Final

import requests

TEXTS: Final = ("", "good", "I love it", "awful", "not so bad!")


@dataclass
class Seen:
    """``answers``: (version, index into ``TEXTS``, score); ``failures``: whatever was not a 200."""

    answers: list[tuple[str, int, float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


def hammer_while(url: str, action: Callable[[], None], askers: int = 4) -> Seen:
    """Run ``action`` while ``askers`` threads ask, singles and batches in turn."""
    seen, done = Seen(), threading.Event()
    started = time.monotonic()
    with ThreadPoolExecutor(askers) as pool:
        asking = [pool.submit(_ask_on, f"{url}/predict", seen, done) for _ in range(askers)]
        try:
            action()
        finally:
            done.set()
        for thread in asking:
            thread.result()
    seen.seconds = time.monotonic() - started
    return seen


def _ask_on(url: str, seen: Seen, done: threading.Event) -> None:
    with requests.Session() as session:
        turn = 0
        while not done.is_set():
            turn += 1
            try:
                _ask(session, url, turn % (len(TEXTS) + 1), seen)
            except requests.RequestException as error:
                seen.failures.append(repr(error))


def _ask(session: requests.Session, url: str, turn: int, seen: Seen) -> None:
    batch = turn == len(TEXTS)
    # A word that nobody ever wrote counts nothing, and fills what the workers keep about words.
    texts = [f"{text} x{getrandbits(64):x}" for text in TEXTS]
    answer = session.post(url, json={"texts": texts} if batch else {"text": TEXTS[turn]}, timeout=30)
    if answer.status_code != 200:
        seen.failures.append(f"{answer.status_code} {answer.text}")
        return
    version, body = answer.headers["X-Model-Version"], answer.json()
    if batch and body["model_version"] != version:
        seen.failures.append(f"header {version}, body {body['model_version']}")
    rows = enumerate(body["predictions"]) if batch else [(turn, body)]
    seen.answers += [(version, index, row["score"]) for index, row in rows]
