"""What an earlier version left in a spool is read by this one: an update loses no post."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from libs.spool.folder import FolderSpool
from libs.spool.queue import open_message
from libs.spool.sqs import Message
from libs.values.position import Position
from libs.values.tweet import DeadLetter, Entry, Gap, Removal, Tweet

HERE = Path(__file__).parent
AT = "2026-03-01T12:00:01.000Z"
ENTRIES: list[Entry] = [
    Tweet(
        "1", "ann", "I &lt;3 it 😀 ñ", "2026-03-01T12:00:00.000Z", "x", ("acme", "delta"), "en", "post 1", AT,
        replaces=("0",), revision="r1", dead_letter="l1",
    ),
    Tweet("2", "unknown", "plain", "2026-03-01T12:00:00.000Z", "replay"),
    Removal("3", AT, "deleted", "r2"),
    Gap("g", "bluesky", "2026-03-01T11:00:00.000Z", "", "stalled", recovered=False, detail="why"),
    DeadLetter("d", "x", "stream", "not_json", "why", b"\x00\xff{", AT),
]  # fmt: skip


def test_a_spool_in_a_folder_goes_on_with_its_entries_and_positions(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "spool.db")
    database.executescript((HERE / "earlier_spool.sql").read_text(encoding="utf-8"))
    database.close()
    spool = FolderSpool(tmp_path, 100, reserve_bytes=0)
    assert spool.count() == 5
    assert spool.read_position("x://api.x.com") == Position("2026-03-01:3", AT, 3)
    assert spool.read_position("file:///t.csv") == Position("0:9", AT, 9, finished=True)
    parcels = spool.take(100, 0)
    assert [entry for parcel in parcels for entry in parcel.entries] == ENTRIES
    spool.put("x://api.x.com", [ENTRIES[0]], Position("2026-03-01:4", AT, 4))
    spool.acknowledge(parcels)
    assert spool.count() == 1
    spool.close()


def test_a_message_in_a_queue_is_read() -> None:
    body = (HERE / "earlier_message.txt").read_text(encoding="ascii").strip()
    parcel = open_message(Message("handle", body))
    assert (parcel.handle, parcel.damaged) == ("handle", b"")
    assert parcel.entries == ENTRIES
