"""PostgreSQL and MariaDB as Debian installs them, each an empty server of its own; skipped loudly where they are absent."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from develop.fixtures.ports import find_free_port

_START_SECONDS = 60


@contextmanager
def start_postgresql() -> Iterator[str]:
    """Yield the address of a fresh database."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not programs:
        pytest.skip("no PostgreSQL here: install Debian's postgresql to run these")
    binaries, port = programs[0], find_free_port()
    with _own_folder("pg") as folder:
        data = folder / "data"
        _run(binaries / "initdb", "-D", data, "-U", "app", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
        _run(
            binaries / "pg_ctl",
            "-D",
            data,
            "-w",
            "-l",
            folder / "log",
            "-o",
            f"-p {port} -h 127.0.0.1 -k {folder}",
            "start",
        )
        try:
            yield f"postgresql+psycopg://app@127.0.0.1:{port}/postgres"
        finally:
            _run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop")


@contextmanager
def start_mariadb() -> Iterator[str]:
    """Yield the address of a fresh database."""
    server, install = shutil.which("mariadbd", path=_PATH), shutil.which("mariadb-install-db", path=_PATH)
    if server is None or install is None:
        pytest.skip("no MariaDB here: install Debian's mariadb-server to run these")
    port = find_free_port()
    with _own_folder("my") as folder:
        data = folder / "data"
        _run(
            install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"
        )
        words = (
            server,
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={folder}/s",
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


@contextmanager
def _own_folder(prefix: str) -> Iterator[Path]:
    """A folder beside pytest's, whose parents every new session closes to others; its name is short, as a socket's must be."""
    with TemporaryDirectory(prefix=prefix) as name:
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(name, nobody.pw_uid, nobody.pw_gid)
        yield Path(name)


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
