"""Lines out of a byte stream whose chunks can split anywhere, inside a character too."""

from __future__ import annotations

from typing import Final

LONGEST_MESSAGE_BYTES: Final = 1 << 17  # X's largest posts with their expansions stay under 100 kB


class LineBuffer:
    """Collects bytes and gives back whole lines; an over-long line is cut, so that memory stays bounded."""

    def __init__(self) -> None:
        """Start empty."""
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines completed by ``data``, without their ends; a keep-alive is an empty line.

        JSON escapes line ends inside strings, so bytes can be split before they are decoded.
        """
        *lines, rest = (self._rest + data).split(b"\n")
        if self._skipping and lines:
            lines, self._skipping = lines[1:], False
        if len(rest) > LONGEST_MESSAGE_BYTES:
            if not self._skipping:
                lines.append(rest[:LONGEST_MESSAGE_BYTES])
            rest, self._skipping = b"", True
        self._rest = rest
        return [line.removesuffix(b"\r") for line in lines]
