"""PostgreSQL and MariaDB as Debian installs them, each an empty server of its own; skipped loudly where they are absent."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from fixtures.ports import find_free_port
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_SECONDS = 60


@contextmanager
def start_postgresql(folder: Path) -> Iterator[str]:
    """Yield the address of a fresh database."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not programs:
        pytest.skip("no PostgreSQL here: install Debian's postgresql to run these")
    binaries, port, data = programs[0], find_free_port(), folder / "data"
    with TemporaryDirectory(prefix="pg") as sockets:  # a socket's path must be short
        _hand_over(folder, Path(sockets))
        _run(binaries / "initdb", "-D", data, "-U", "app", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
        _run(
            binaries / "pg_ctl",
            "-D",
            data,
            "-w",
            "-l",
            folder / "log",
            "-o",
            f"-p {port} -h 127.0.0.1 -k {sockets}",
            "start",
        )
        try:
            yield f"postgresql+psycopg://app@127.0.0.1:{port}/postgres"
        finally:
            _run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop")


@contextmanager
def start_mariadb(folder: Path) -> Iterator[str]:
    """Yield the address of a fresh database."""
    server, install = shutil.which("mariadbd", path=_PATH), shutil.which("mariadb-install-db", path=_PATH)
    if server is None or install is None:
        pytest.skip("no MariaDB here: install Debian's mariadb-server to run these")
    port, data = find_free_port(), folder / "data"
    with TemporaryDirectory(prefix="my") as sockets:
        _hand_over(folder, Path(sockets))
        _run(
            install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"
        )
        words = (
            server,
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={sockets}/s",
            f"--port={port}",
            "--bind-address=127.0.0.1",
        )
        process = subprocess.Popen(
            [*_as_nobody(), *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield _wait_for_mariadb(f"mysql+pymysql://root@127.0.0.1:{port}", process)
        finally:
            process.kill()
            process.wait(30)


_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


def _wait_for_mariadb(url: str, process: subprocess.Popen[bytes]) -> str:
    deadline, engine = time.monotonic() + _START_SECONDS, create_engine(f"{url}/mysql")
    while True:
        try:
            with engine.begin() as connection:
                connection.execute(text("CREATE DATABASE sentiment"))
        except OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail("MariaDB did not start")
            time.sleep(0.2)
        else:
            engine.dispose()
            return f"{url}/sentiment"


def _as_nobody() -> list[str]:
    # Neither server runs as root.
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []


def _hand_over(*folders: Path) -> None:
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for folder in folders:
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            for parent in folder.parents:
                if parent.stat().st_uid == 0 and parent.is_relative_to("/tmp") and parent != Path("/tmp"):
                    parent.chmod(0o755)


def _run(*words: object) -> None:
    done = subprocess.run(
        [*_as_nobody(), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd="/",
    )
    if done.returncode:
        pytest.fail(f"{words[0]} failed: {done.stdout[-500:]}")
