"""One seed from its first post to the reckoning."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from oracle.account import Account, settle
from oracle.faults import FAULTS
from oracle.plan import Plan, make_plan
from oracle.world import World

_POSTS_A_SECOND = 200.0
_FIRE_SECONDS = 45.0  # a fault that is not met in this time is reported as unfired
_SHORT_SECONDS = 2.0  # what takes longer is waited for with few posts, so that not all of a run lies in one gap
_LOOK_SECONDS = 0.05
_SETTLE_SECONDS = 240.0
_LAST_POST_SECONDS = 15.0  # a moment on a machine at leisure; one that is said into a gap never comes
_POISON_SECONDS = 6.0  # longer than it takes to give up a text that serve crashes on


class Run:
    """Plays a plan in a world."""

    def __init__(self, plan: Plan, world: World) -> None:
        self.plan = plan
        self.world = world
        self.speaker = world.speaker
        self.chance = random.Random(f"run {plan.seed}")
        self.account = Account(plan)
        self._poisons: dict[str, str] = {}

    def play(self) -> Account:
        """Go through the faults, let the world calm down, and settle the account."""
        started = time.monotonic()
        self.world.wait_until_up()
        self.wait_until(lambda: self.speaker.connections > 0, "nobody connects")
        for fault in self.plan.faults:
            self.emit(self.chance.randint(5, 20))
            self._meet(fault)
        self._wait_until_done()
        self.account.fired.update(self.speaker.said)
        settle(self.account, self.speaker.posts, self.world.results)
        if self.account.gaps > self.speaker.connections:
            self.account.wrong.append(f"{self.account.gaps} gaps between {self.speaker.connections} connections")
        self.account.seconds = time.monotonic() - started
        return self.account

    def emit(self, posts: int) -> None:
        """Say posts at a live network's pace."""
        for _ in range(posts):
            self.speaker.speak()
            time.sleep(self.chance.expovariate(_POSTS_A_SECOND))

    def poison(self, fault: str) -> None:
        """Say what has to end with the dead letters."""
        self._poisons[self.speaker.poison(fault).reason] = fault

    def wait_until(self, condition: Callable[[], bool], trouble: str) -> None:
        """Return when it holds; fails with ``trouble`` when it does not in time."""
        deadline = time.monotonic() + _FIRE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, self._explain(trouble)
            time.sleep(0.02)

    def wait_until_kept(self) -> None:
        """Say posts until one is stored: then the reader's position is kept as well."""
        self.wait_until(lambda: self._is_stored(self.speaker.speak().id), "nothing is stored")

    def _meet(self, fault: str) -> None:
        steps = FAULTS[fault](self)
        has_fired = next(steps)
        started = time.monotonic()
        while not has_fired() and time.monotonic() < started + _FIRE_SECONDS:
            self.emit(4 if time.monotonic() < started + _SHORT_SECONDS else 1)
            time.sleep(_LOOK_SECONDS)
        if has_fired():
            self.account.fired[fault] += 1
        else:
            self.account.unfired.append(fault)
        if fault == self.plan.killed_in:
            self._kill_in_the_midst()
        next(steps, None)

    def _kill_in_the_midst(self) -> None:
        steps = FAULTS["kill"](self)
        killed = next(steps)()
        next(steps, None)
        self.account.fired["kill in the midst of another"] += bool(killed)

    def _wait_until_done(self) -> None:
        """Say last posts until the last is stored and every poison is buried, then wait until nothing waits any more."""
        deadline, spoken = time.monotonic() + _SETTLE_SECONDS, time.monotonic()
        while not (stored := self._is_stored(self.speaker.speak().id)) or self._find_unburied():
            assert time.monotonic() < deadline, self._explain("nothing is stored, or a poison not buried")
            if stored and time.monotonic() - spoken > _POISON_SECONDS:  # what was said before has been dealt with
                spoken = time.monotonic()
                for reason in self._find_unburied():
                    self.poison(self._poisons[reason])
        while self.world.progress():
            assert time.monotonic() < deadline, self._explain("the spool is not worked off")
            time.sleep(0.1)

    def _is_stored(self, post: str) -> bool:
        """Give a post some time; one that is said into a gap never comes."""
        deadline = time.monotonic() + _LAST_POST_SECONDS
        while not self.world.results.read_by_id([post]):
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def _find_unburied(self) -> set[str]:
        return self._poisons.keys() - {letter.reason for letter in self.world.results.read_dead_letters(10_000)}

    def _explain(self, trouble: str) -> str:
        return f"{trouble}: {self.account}\n{self.world.log.read_text()[-3000:]}"


def run_seed(seed: int, folder: Path, aws_url: str) -> Account:
    """Play one seed in ``folder`` against the AWS-compatible server at ``aws_url``, which boto3's default chain must find."""
    plan = make_plan(seed)
    world = World(plan, folder, aws_url)
    try:
        return Run(plan, world).play()
    finally:
        world.close()
