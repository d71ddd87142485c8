"""What the demo tells a person: a line per step, one moving line where there is a terminal, one JSON line at the end."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Final

_LINE_SECONDS: Final = 5.0  # without a terminal: how often progress becomes a line of a log


class Screen:
    """Writes to standard output; progress overwrites itself on a terminal and is thinned out elsewhere."""

    def __init__(self) -> None:
        """Find out whether somebody watches."""
        self._terminal = sys.stdout.isatty()
        self._open_line = False
        self._last = 0.0

    def say(self, line: str = "") -> None:
        """Write a line of its own."""
        if self._open_line:
            print(flush=True)
            self._open_line = False
        print(line, flush=True)

    def show_progress(self, line: str) -> None:
        """Show the latest state of something that takes time."""
        if self._terminal:
            print(f"\r\033[K{line}", end="", flush=True)
            self._open_line = True
        elif time.monotonic() - self._last >= _LINE_SECONDS:
            self._last = time.monotonic()
            print(line, flush=True)

    def close_with(self, result: Mapping[str, object]) -> None:
        """Write the one last line of JSON."""
        self.say(json.dumps(result))
