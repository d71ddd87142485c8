"""Real databases for a test session: SQLite, PostgreSQL and MariaDB, each empty, on loopback, gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from develop.fixtures.ports import find_free_port

_START_SECONDS = 60
_NOBODY = 65534


def find_program(name: str, *folders: str) -> str:
    """Return the program's path, or skip the test loudly."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *folders]))
    if found is None:
        pytest.skip(f"{name} is missing: install Debian's postgresql and mariadb-server (.ci/run does)")
    return found


@contextmanager
def start_postgresql() -> Iterator[str]:
    """Yield a SQLAlchemy URL. PostgreSQL refuses to run as root, so root starts it as nobody."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    bins = str(versions[0]) if versions else ""
    initdb, pg_ctl = find_program("initdb", bins), find_program("pg_ctl", bins)
    port = find_free_port()
    with _folder("pg") as folder:
        data, log = folder / "data", folder / "log"
        _run(initdb, "-D", data, "-U", "app", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-p {port} -h 127.0.0.1 -k {folder} -F"
        _run(pg_ctl, "-D", data, "-w", "-l", log, "-o", options, "start")
        try:
            yield f"postgresql+psycopg://app@127.0.0.1:{port}/postgres"
        finally:
            _run(pg_ctl, "-D", data, "-w", "-m", "immediate", "stop")


@contextmanager
def start_mariadb() -> Iterator[str]:
    """Yield a SQLAlchemy URL."""
    install, server = find_program("mariadb-install-db"), find_program("mariadbd")
    port = find_free_port()
    with _folder("maria") as folder:
        data = folder / "data"
        _run(
            install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"
        )
        command = [
            server, "--no-defaults", f"--datadir={data}", f"--socket={folder / 's'}", f"--port={port}",
            "--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}", "--skip-name-resolve",
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_as_nobody())
        try:
            _wait_for_port(port, process)
            _create_database(port)
            yield f"mysql+pymysql://root@127.0.0.1:{port}/sentiment"
        finally:
            process.terminate()
            process.wait(30)


def _create_database(port: int) -> None:
    import pymysql

    with pymysql.connect(host="127.0.0.1", port=port, user="root") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE sentiment")  # with the server's own character set: ours must not depend on it


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))  # a short path: PostgreSQL's socket has to fit in 107 bytes
    if os.geteuid() == 0:
        os.chown(folder, _NOBODY, _NOBODY)
    try:
        yield folder
    finally:
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)


def _as_nobody() -> dict[str, int]:
    return {"user": _NOBODY, "group": _NOBODY} if os.geteuid() == 0 else {}


def _run(*words: object) -> None:
    command = [str(word) for word in words]
    ended = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", timeout=120, check=False, **_as_nobody()
    )
    assert ended.returncode == 0, f"{command}: {ended.stderr.decode()}"


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.1)
    pytest.fail("the database did not start")
