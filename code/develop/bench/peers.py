"""Other ways to serve the same release: the first version's, and a framework made for it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from develop.bench.rounds import ROUNDS, SECONDS, alternate, make_asker
from develop.bench.servers import NotStartedError, start_server
from develop.environments import EnvironmentFailedError, make_environments
from develop.places import python_of
from sentiment.release.manifest import Release

HERE: Final = Path(__file__).parent
_CONNECTIONS: Final = 4
_SLOW_SECONDS: Final = 30.0


class Peer(NamedTuple):
    """A server: its command, where and with what it is asked whether it is there, and whether an answer takes seconds."""

    command: list[str]
    probe: str
    question: Any = None
    slow: bool = False


def measure_peers(
    environment: dict[str, str], serve: list[str], release: Release, bodies: Sequence[bytes]
) -> tuple[str, list[list[str]], str]:
    """Other ways to serve the same release, one text, one worker."""
    rows = [["server", "requests/s", "of serve's rate", "p50 ms", "p99 ms", "start s", "memory MB"]]
    best = 0.0
    for name, peer in _list_peers(serve, str(release.folder)).items():
        try:
            with start_server(peer.command, environment, peer.probe, peer.question) as here:
                seconds, rounds = (_SLOW_SECONDS, 1) if peer.slow else (SECONDS, ROUNDS)
                way = make_asker(f"{here.url}/predict", bodies, _CONNECTIONS, seconds)
                found = alternate({name: way}, rounds)[name]
                best = best or found.rate
                rate, *times = found.cells()
                sizes = [f"{here.start_seconds:.1f}", f"{here.read_megabytes():.0f}"]
                rows.append([name, rate, f"{found.rate / best:.1%}", *times, *sizes])
        except NotStartedError as error:
            rows.append([name, "did not start", "", str(error), "", "", ""])
    remark = (
        f"{_CONNECTIONS} connections, one worker; start includes the first answer, memory is that of all its processes."
    )
    return ("Peers", rows, remark)


def _list_peers(serve: list[str], folder: str) -> dict[str, Peer]:
    question = {"text": "so good"}
    keras = [str(python_of("train")), str(HERE / "keras_peer.py"), folder]
    litserve = [str(python_of("peers")), str(HERE / "litserve_peer.py"), folder, "PORT"]
    peers = {"serve": Peer(serve, "/ready")}
    if _make("train"):
        peers["Flask + Keras predict, loaded once"] = Peer([*keras, "loaded", "PORT"], "/predict", question)
        peers["Flask + Keras predict, loaded per request (first version)"] = Peer(
            [*keras, "per_request", "PORT"], "/predict", question, slow=True
        )
    if _make("peers"):
        peers["LitServe, the same classifier"] = Peer(litserve, "/predict", question)
    return peers


def _make(name: str) -> bool:
    try:
        make_environments([name])
    except EnvironmentFailedError as error:
        print(error, file=sys.stderr)
        return False
    return True
