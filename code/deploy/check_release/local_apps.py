"""The three apps as processes on free loopback ports, each in its own environment and with the variables it is given."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import requests

from deploy.check_release.fact import CheckFailedError
from develop.places import app_folder, python_of

READY_SECONDS: Final = 180.0
_END_SECONDS: Final = 40.0
_TAIL: Final = 3000
_SAMPLE: Final = """
import sys
from pathlib import Path
from libs.sample import generate_replay_rows, generate_training_rows, write_csv
write_csv(generate_training_rows(6000), Path(sys.argv[1]))
rows = generate_replay_rows(int(sys.argv[3]), seed=7)
write_csv((row._replace(id=number) for number, row in enumerate(rows, 1)), Path(sys.argv[2]))
"""


def write_sample(folder: Path, posts: int) -> tuple[Path, Path]:
    """Write a small corpus: its training side, and ``posts`` rows to replay whose ids no other replay has."""
    training, replay = folder / "training.csv.gz", folder / "replay.csv.gz"
    words = [sys.executable, "-c", _SAMPLE, str(training), str(replay), str(posts)]
    subprocess.run(words, cwd=app_folder("train"), check=True)
    return training, replay


def run_app(app: str, *words: str, environment: Mapping[str, str], seconds: float = 900) -> str:
    """Run a command of an app to its end and return what it printed; ``CheckFailedError`` unless it exits with 0."""
    command = [str(python_of(app)), "main.py", *words]
    answer = subprocess.run(
        command, cwd=app_folder(app), env=_inherit(environment), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=seconds, check=False,
    )  # fmt: skip
    if answer.returncode:
        raise CheckFailedError(
            f"{app} {' '.join(words)} ended with {answer.returncode}:\n{(answer.stdout + answer.stderr)[-_TAIL:]}"
        )
    return answer.stdout


@contextlib.contextmanager
def start_app(app: str, *words: str, environment: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Run an app and yield its address once it is ready; it is ended with the block, and its log kept in ``folder``."""
    port = find_free_port()
    log = folder / f"{app}-{port}.log"
    with log.open("wb") as output:
        process = start(
            [str(python_of(app)), "main.py", *words], app_folder(app), {**environment, "PORT": str(port)}, output
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: ask(f"{url}/ready") is not None, READY_SECONDS, process, log)
        yield url
    finally:
        end(process)


def start(
    words: Sequence[str], folder: Path, environment: Mapping[str, str], output: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own."""
    return subprocess.Popen(
        words, cwd=folder, env=_inherit(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process politely, then whatever is left of its session by force."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(holds: Any, seconds: float, process: subprocess.Popen[bytes], log: Path) -> None:
    """Poll until ``holds()``; ``CheckFailedError`` with the log's end when the time is over or the process has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if holds():
            return
        time.sleep(0.2)
    raise CheckFailedError(
        f"not within {seconds:.0f} s; {log.name} ends with:\n{log.read_text(errors='replace')[-_TAIL:]}"
    )


def ask(url: str) -> Any:
    """Return the JSON that an address answers with 200, else None."""
    try:
        answer = requests.get(url, timeout=30)
    except requests.RequestException:
        return None
    return answer.json() if answer.status_code == 200 else None


def find_free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _inherit(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, **environment}
