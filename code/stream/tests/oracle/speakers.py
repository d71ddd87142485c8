"""Who says the posts: X and Jetstream, with duplicates, late posts, edits and deletions at fixed steps, so that all occur."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from random import Random

from develop.simulators.jetstream import JetstreamSimulator, make_event
from develop.simulators.serve import LONGEST_TEXT, POISON
from develop.simulators.x_live import LiveX
from develop.simulators.x_messages import DISCONNECT, make_message
from libs.values.times import format_time
from oracle.posts import DEAD, Post

TEXTS = (
    "acme post {} is fine",
    "acme post {} broke 😡",
    "acme post {} http://t.co/x @ann &amp; co",
    "ACME {} naïve\nתודה",
)
POISONS = {
    "too long for serve": ("text_too_long", "acme {} " + "x" * LONGEST_TEXT),
    "crashes serve": ("predict_failed", f"acme {{}} {POISON}"),
    "broken message": ("", ""),
}
"""Fault → why serve refuses the text, and the text."""
_LATE_STEP, _AGAIN_STEP, _CHANGE_STEP = 13, 9, 17  # primes and a square: they meet each other now and then


class XSpeaker:
    """X: no replay, so what nobody hears is lost; edits are new ids that name the old ones."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._network = LiveX()
        self.url = self._network.url
        self.posts: dict[str, Post] = {}
        self.said: Counter[str] = Counter()
        self._number = 10_000
        self._held: list[str] = []

    @property
    def connections(self) -> int:
        return self._network.connected

    @property
    def listening(self) -> bool:
        return self._network.hearing > 0

    @property
    def fired(self) -> Counter[str]:
        return self._network.fired

    def speak(self) -> Post:
        self._number += 1
        if self._number % _LATE_STEP == 0:
            self._held.append(str(self._number))  # later posts overtake it
            self._number += 1
        post = self._send_new(str(self._number))
        if self._held and self._number % _LATE_STEP == 3:
            self._send_new(self._held.pop())
            self.said["late"] += 1
        if self._number % _AGAIN_STEP == 0:
            self._say_again()
        return post

    def poison(self, fault: str) -> Post:
        self._number += 1
        post = self.posts[str(self._number)] = Post(str(self._number))
        post.reason, form = POISONS[fault]
        if fault == "broken message":
            post.reason = "no_tweet"
            post.connection = self._network.send(b'{"data": {"id": "' + post.id.encode() + b'"}}\r\n')
        else:
            post.connection = self._network.send(make_message(post.id, form.format(post.id), created_at=_now()))
        post.say(time.time(), DEAD)
        return post

    def tear(self) -> None:
        if self._chance.random() < 0.5:  # in the middle of a message
            self._network.send(make_message("9", "acme cut")[: self._chance.randint(1, 80)])
        self._network.send(None)

    def close_cleanly(self) -> None:
        self._network.close_cleanly()

    def disconnect(self) -> None:
        """Say in the stream why it ends, then end it."""
        self._network.send(DISCONNECT)

    def close(self) -> None:
        self._network.close()

    def _send_new(self, name: str) -> Post:
        old = self._find_plain(name) if int(name) % _CHANGE_STEP == 0 else None
        post, text = Post(name), self._chance.choice(TEXTS).format(name)
        history = [old.id, name] if old else [name]
        message = make_message(name, text, created_at=_now(), edit_history_tweet_ids=history)
        post.connection = self._network.send(message)
        post.say(time.time(), text)
        self.posts[name] = post
        if old:
            old.say(post.versions[0].at, None)
            self.said["edited"] += 1
        return post

    def _say_again(self) -> None:
        old = self._find_plain(str(self._number + 1))
        if old:
            old.again = True
            self._network.send(make_message(old.id, str(old.versions[0].text)))
            old.say(time.time(), old.versions[0].text)
            self.said["duplicate"] += 1

    def _find_plain(self, before: str) -> Post | None:
        """Choose a recent post of an earlier id: what X calls an edit is the later one, also when it comes late."""
        recent = [post for post in list(self.posts.values())[-30:] if post.plain and int(post.id) < int(before)]
        return self._chance.choice(recent) if recent else None


class JetstreamSpeaker:
    """Jetstream: a history that replays, so nothing is lost but what its window forgets; edits and deletions in place."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.network = JetstreamSimulator()
        self.url = self.network.url
        self.posts: dict[str, Post] = {}
        self.said: Counter[str] = Counter()
        self._number = 0
        self._last_us = 0

    @property
    def connections(self) -> int:
        return len(self.network.cursors)

    @property
    def listening(self) -> bool:
        return bool(self.network.open)

    @property
    def fired(self) -> Counter[str]:
        return self.network.fired

    def speak(self) -> Post:
        post = self._make()
        self._emit(post, "create", self._chance.choice(TEXTS).format(post.id))
        if self._number % _CHANGE_STEP == 0:
            self._change("delete", None)
        if self._number % _LATE_STEP == 0:
            self._change("update", f"acme in other words {self._number}")
        if self._number % _AGAIN_STEP == 0:
            self.network.emit(self.network.history[-self._chance.randint(1, min(20, len(self.network.history)))])
            self.said["duplicate"] += 1
        return post

    def poison(self, fault: str) -> Post:
        post = self._make()
        post.reason, form = POISONS[fault]
        event = make_event(self._moment_us(), post.id.rpartition("/")[2], text=form.format(post.id))
        if fault == "broken message":
            post.reason = "no_text"
            event["commit"]["record"].pop("text")
        self.network.emit(event)
        post.say(event["time_us"] / 1e6, DEAD)
        return post

    def tear(self) -> None:
        self.network.tear()

    def close_cleanly(self) -> None:
        self.network.close_cleanly()

    def forget(self) -> None:
        """Let the server's window begin now."""
        self.network.oldest_us = self._moment_us()

    def close(self) -> None:
        self.network.close()

    def _make(self) -> Post:
        self._number += 1
        post = Post(f"bluesky:did:plc:ann/{self._number}")
        self.posts[post.id] = post
        return post

    def _change(self, operation: str, text: str | None) -> None:
        recent = [post for post in list(self.posts.values())[-30:-1] if post.plain]
        if recent:
            self._emit(self._chance.choice(recent), operation, text)
            self.said["deleted" if text is None else "edited"] += 1

    def _emit(self, post: Post, operation: str, text: str | None) -> None:
        moment_us = self._moment_us()
        self.network.emit(make_event(moment_us, post.id.rpartition("/")[2], operation, text or ""))
        post.say(moment_us / 1e6, text)

    def _moment_us(self) -> int:
        self._last_us = max(self._last_us + 1, time.time_ns() // 1000)
        return self._last_us


def _now() -> str:
    return format_time(datetime.now(UTC))
