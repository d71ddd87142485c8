"""Other ways to serve the same release: the first version's, and a framework made for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from environments import EnvironmentFailedError, make_environments
from places import python_of
from rounds import alternate, make_asker
from servers import NotStartedError, start_server

if TYPE_CHECKING:
    from sentiment.release import Release

HERE: Final = Path(__file__).parent


def measure_peers(
    environment: dict[str, str], serve: list[str], release: Release, text: str
) -> tuple[str, list[list[str]], str]:
    """Other ways to serve the same release, one text, one worker."""
    folder, first = str(release.folder), {"text": text}
    peers: dict[str, tuple[list[str], str, Any]] = {"serve": (serve, "/ready", None)}
    body = orjson.dumps(first)
    if python_of("train").exists():
        keras = [str(python_of("train")), str(HERE / "keras_peer.py"), folder]
        peers["Flask + Keras predict, loaded once"] = ([*keras, "loaded", "PORT"], "/predict", first)
        peers["Flask + Keras predict, loaded per request (first version)"] = (
            [*keras, "per_request", "PORT"],
            "/predict",
            text,
        )
    if _make_peers():
        peers["LitServe"] = (
            [str(python_of("peers")), str(HERE / "litserve_peer.py"), folder, "PORT"],
            "/predict",
            text,
        )
    rows = [["server", "requests/s", "p50 ms", "p99 ms", "start s", "memory MB"]]
    for name, (command, probe, question) in peers.items():
        try:
            with start_server(command, environment, probe, question) as here:
                found = alternate({"": make_asker(f"{here.url}/predict", body, 4)})[""]
                rows.append([name, *found.cells(), f"{here.start_seconds:.1f}", f"{here.read_megabytes():.0f}"])
        except NotStartedError as error:
            rows.append([name, "did not start", str(error), "", "", ""])
    wanted = {"Keras (train's environment)": python_of("train"), "LitServe": python_of("peers")}
    missing = [name for name, python in wanted.items() if not python.exists()]
    remark = f" Not installed, so not measured: {', '.join(missing)}." if missing else ""
    return ("Peers", rows, f"Four connections, one worker; memory of all the server's processes.{remark}")


def _make_peers() -> bool:
    try:
        make_environments(["peers"])
    except EnvironmentFailedError as error:
        print(error, file=sys.stderr)
        return False
    return True
