"""``python3 -m develop.simulators x|jetstream --port 9000 --posts replay.csv.gz``: a network for a demo, in its wire format.

Now and then it hangs up, as the real ones do, so that there is a gap to see.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from typing import Final

from develop.simulators.jetstream import JetstreamSimulator
from develop.simulators.sample_posts import SamplePost, read_posts, say_forever
from develop.simulators.x_live import LiveX
from develop.simulators.x_messages import DISCONNECT, make_line
from develop.simulators.x_rules import find_matches

_EPOCH_MILLISECONDS: Final = 1_288_834_974_657  # X's ids: milliseconds since, then 22 bits
_HANG_UP_SECONDS: Final = 90.0
_KEPT_EVENTS: Final = 50_000  # of a Jetstream that runs for weeks
_CHANGE_STEP: Final = 40  # every so many posts one is edited or deleted


def main() -> None:
    """Listen and talk until ended."""
    parser = argparse.ArgumentParser(prog="simulators", description=__doc__)
    parser.add_argument("network", choices=["x", "jetstream"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--posts", type=Path, required=True, help="a gzipped file in Sentiment140's columns")
    parser.add_argument("--rate", type=float, default=10.0, help="posts a second")
    choice = parser.parse_args()
    posts = say_forever(read_posts(choice.posts), choice.rate)
    network = TalkingX(choice.port) if choice.network == "x" else _make_jetstream(choice.port)
    print(f"simulated {choice.network} on {network.url}", flush=True)
    hangs_up_at = time.monotonic() + _HANG_UP_SECONDS
    for post in posts:
        network.say(post)
        if time.monotonic() > hangs_up_at:
            network.hang_up()
            hangs_up_at = time.monotonic() + _HANG_UP_SECONDS


class TalkingX:
    """Posts that match a rule on the server go to who is connected."""

    def __init__(self, port: int) -> None:
        """Listen."""
        self._network = LiveX(port)
        self.url = self._network.url

    def say(self, post: SamplePost) -> None:
        """Send a post now, under a new id."""
        matches = find_matches(self._network.rules, post.text)
        if matches:
            now = time.time()
            moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03}Z"
            number = str((int(now * 1000) - _EPOCH_MILLISECONDS) << 22 | time.time_ns() % (1 << 22))
            self._network.send(make_line(number, post.text, post.user, matches, {"created_at": moment}))

    def hang_up(self) -> None:
        """Say why, then close; what is said until the client is back is lost."""
        self._network.send(DISCONNECT)


def _make_jetstream(port: int) -> TalkingJetstream:
    from develop.simulators.jetstream import JetstreamSimulator

    return TalkingJetstream(JetstreamSimulator(port, most=_KEPT_EVENTS))


class TalkingJetstream:
    """Every post goes out; some are edited or deleted later."""

    def __init__(self, network: JetstreamSimulator) -> None:
        """Take a network that listens."""
        self._network = network
        self.url = network.url
        self._said = 0
        self._last: tuple[str, str] = ("", "")

    def say(self, post: SamplePost) -> None:
        """Send a post, and sometimes an edit or a deletion of the one before."""
        from develop.simulators.jetstream import make_event

        self._said += 1
        now_us = time.time_ns() // 1000
        if self._said % _CHANGE_STEP == 0:
            operation = random.choice(["update", "delete"])  # noqa: S311 - no secret  # nosec B311
            rkey, did = self._last
            self._network.emit(make_event(now_us, rkey, operation, f"{post.text} (edited)", did=did))
        self._last = (f"3k{now_us}", f"did:plc:{post.user}")
        self._network.emit(make_event(now_us + 1, self._last[0], text=post.text, did=self._last[1]))

    def hang_up(self) -> None:
        """Cut every socket; nothing is lost, the history is sent again."""
        self._network.tear()


if __name__ == "__main__":
    main()
