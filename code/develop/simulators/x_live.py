"""X as a live network: what is said is heard by the connection that is open, or by nobody."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Final

from develop.simulators.x import Piece, XSimulator
from develop.simulators.x_messages import DISCONNECT, KEEP_ALIVE

_BEAT_SECONDS: Final = 0.5
_MOST_UNREAD: Final = 10_000
_THE_END: Final = -1.0


class LiveX(XSimulator):
    """``send`` reaches the newest connection; ``hearing`` numbers it from 1, and is 0 while there is none."""

    def __init__(self, port: int = 0) -> None:
        """Listen on ``port``; nobody is connected yet."""
        self.fired: Counter[str] = Counter()
        self.hearing = 0
        self.connected = 0
        self._line: queue.Queue[Piece] = queue.Queue()
        self._changing = threading.Lock()
        super().__init__(port, endless=self._subscribe)

    def send(self, piece: Piece) -> int:
        """Send bytes, or None to tear the connection, and return the number of the connection that hears it."""
        with self._changing:
            if not self.hearing:
                return 0
            if self._line.qsize() > _MOST_UNREAD:  # X cuts off who reads too slowly, with no message at all
                self.fired["too slow"] += 1
                piece = None
            self._line.put(piece)
            heard, ending = self.hearing, piece is None or piece == DISCONNECT
            self.hearing = 0 if ending else heard
            return 0 if ending else heard

    def close_cleanly(self) -> None:
        """End the connection as HTTP ends one."""
        with self._changing:
            if self.hearing:
                self._line.put(_THE_END)
                self.hearing = 0

    def _subscribe(self) -> Iterator[Piece]:
        with self._changing:
            self.connected += 1
            number = self.hearing = self.connected
            line = self._line = queue.Queue()
        try:
            yield from self._speak(line)
        finally:
            with self._changing:
                if self.hearing == number:
                    self.hearing = 0

    def _speak(self, line: queue.Queue[Piece]) -> Iterator[Piece]:
        yield KEEP_ALIVE
        while not self.closing.is_set():
            try:
                piece = line.get(timeout=_BEAT_SECONDS)
            except queue.Empty:
                piece = KEEP_ALIVE
            if piece == _THE_END:
                self.fired["closed"] += 1
                return
            if piece is None or piece == DISCONNECT:
                self.fired["torn" if piece is None else "disconnected"] += 1
            yield piece
            if piece == DISCONNECT:
                return
