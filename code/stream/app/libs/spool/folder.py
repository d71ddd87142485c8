"""A spool in a folder: an SQLite file with a write-ahead log, synced at every commit.

SQLite's own durability (https://sqlite.org/wal.html, ``synchronous=FULL``) is what survives SIGKILL and power cuts. One
commit keeps a whole chunk, so that the sync is paid once for many posts. Ingest and analyze may be two processes.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from libs.spool.interface import Parcel, SpoolFullError
from libs.spool.reserve import RESERVE_BYTES, Reserve
from libs.values.position import Position
from libs.values.tweet import Entry, pack_entries, unpack_entries
from sentiment.errors import PermanentError, TransientError

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS parcels (number INTEGER PRIMARY KEY AUTOINCREMENT, entries INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS positions (source TEXT PRIMARY KEY, cursor TEXT, seen_at TEXT, emitted INTEGER, finished INTEGER);
CREATE TABLE IF NOT EXISTS waiting (one INTEGER PRIMARY KEY CHECK (one = 1), entries INTEGER NOT NULL);
INSERT OR IGNORE INTO waiting VALUES (1, 0);
"""
_OTHER_PROCESS_SECONDS: Final = 0.05  # how often to look for what another process has put
_BUSY_SECONDS: Final = 20.0


class FolderSpool:
    """Parcels in ``<folder>/spool.db``."""

    ordered = True
    keep_alive_seconds = 60.0  # nothing depends on it

    def __init__(self, folder: str | Path, max_entries: int, reserve_bytes: int = RESERVE_BYTES) -> None:
        """Open or make the spool. ``TransientError("spool_down")`` when the folder cannot be written."""
        self._path = Path(folder) / "spool.db"
        self._reserve = Reserve(self._path.with_name("reserve"), reserve_bytes)
        self._max = max_entries
        self._lock = threading.Lock()
        self._put = threading.Event()
        self._taken = 0
        with self._translated():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._database.execute(
                "PRAGMA auto_vacuum=INCREMENTAL"
            )  # before the first table, so that the file can shrink
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(_SCHEMA)

    def put(self, key: str, entries: Sequence[Entry], position: Position | None) -> None:
        """Commit one parcel and the position in one transaction."""
        data = pack_entries(list(entries)) if entries else b""
        if not self._reserve.held:
            self._restore_reserve()
        with self._transaction() as database:
            if entries:
                (waiting,) = database.execute("SELECT entries FROM waiting").fetchone()
                if waiting + len(entries) > self._max and waiting:
                    raise SpoolFullError(f"the spool holds {waiting} posts, its limit is {self._max}")
                database.execute("INSERT INTO parcels (entries, data) VALUES (?, ?)", (len(entries), data))
                database.execute("UPDATE waiting SET entries = entries + ?", (len(entries),))
            if position:
                database.execute("INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?)", (key, *position))
        self._put.set()

    def read_position(self, key: str) -> Position:
        """Return the committed position, or the beginning."""
        with self._translated(), self._lock:
            row = self._database.execute(
                "SELECT cursor, seen_at, emitted, finished FROM positions WHERE source = ?", (key,)
            ).fetchone()
        return Position(row[0], row[1], row[2], bool(row[3])) if row else Position()

    def take(self, limit: int, wait_seconds: float) -> list[Parcel]:
        """Return the next parcels in the order they were put."""
        deadline = time.monotonic() + wait_seconds
        while True:
            self._put.clear()
            parcels = self._take(limit)
            left = deadline - time.monotonic()
            if parcels or left <= 0:
                return parcels
            self._put.wait(min(left, _OTHER_PROCESS_SECONDS))

    def acknowledge(self, parcels: Sequence[Parcel]) -> None:
        """Delete the parcels, on a full disk with the help of the reserve."""
        numbers = [(int(parcel.handle),) for parcel in parcels]
        try:
            self._delete(numbers)
        except SpoolFullError:
            if not self._reserve.held:
                raise
            self._reserve.give_up()
            self._delete(numbers)

    def _delete(self, numbers: list[tuple[int]]) -> None:
        with self._transaction() as database:
            for number in numbers:
                row = database.execute("DELETE FROM parcels WHERE number = ? RETURNING entries", number).fetchone()
                database.execute("UPDATE waiting SET entries = entries - ?", row or (0,))

    def keep_alive(self, parcels: Sequence[Parcel]) -> None:
        """Do nothing: no other worker can take from a folder that this process has locked."""

    def give_back(self, parcels: Sequence[Parcel]) -> None:
        """Begin again at the first of them."""
        with self._lock:
            numbers = [int(parcel.handle) for parcel in parcels]
            self._taken = min([self._taken, *(number - 1 for number in numbers)])

    def count(self) -> int:
        """Return the entries that wait."""
        with self._translated(), self._lock:
            return int(self._database.execute("SELECT entries FROM waiting").fetchone()[0])

    def check(self) -> None:
        """Write to the file and take it back."""
        with self._transaction() as database:
            database.execute("UPDATE waiting SET entries = entries")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _restore_reserve(self) -> None:
        """Give the disk back what is no longer used, and put the reserve aside again before anything new is taken."""
        with self._translated(), self._lock:
            for pragma in ("incremental_vacuum", "wal_checkpoint(TRUNCATE)"):
                self._database.execute(f"PRAGMA {pragma}").fetchall()
        try:
            self._reserve.restore()
        except OSError as error:
            raise SpoolFullError(f"no room on the disk of {self._path.parent}: {error.strerror}") from error

    def _take(self, limit: int) -> list[Parcel]:
        parcels, found = [], 0
        with self._translated(), self._lock:
            rows = self._database.execute(
                "SELECT number, entries, data FROM parcels WHERE number > ? ORDER BY number LIMIT ?",
                (self._taken, limit),
            )
            for number, entries, data in rows:
                if found and found + entries > limit:
                    break
                found += entries
                parcels.append(_open_parcel(number, data))
                self._taken = number
            rows.close()
        return parcels

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._translated(), self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise SpoolFullError(f"no room on the disk of {self._path.parent}") from error
            raise TransientError(f"the spool in {self._path.parent} fails: {error}", code="spool_down") from error
        except (sqlite3.Error, OSError) as error:
            raise TransientError(f"the spool in {self._path.parent} fails: {error}", code="spool_down") from error


def _open_parcel(number: int, data: bytes) -> Parcel:
    try:
        return Parcel(str(number), unpack_entries(data))
    except PermanentError:
        return Parcel(str(number), [], data)
