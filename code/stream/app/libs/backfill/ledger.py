"""How far each file of an archive has been scored, kept beside the results, so that a second run goes on from there."""

from __future__ import annotations

from libs.results import Results
from libs.values.position import Position
from libs.values.times import now
from libs.values.tweet import derive_id


class Ledger:
    """Rows done by file, for one archive and one target. A key is a digest: paths are longer than a key may be."""

    def __init__(self, results: Results, place: str, target: str, *, again: bool) -> None:
        """``again``: count only what this run has done itself."""
        self._results = results
        self._names = (place, target)
        self._done_again: set[str] | None = set() if again else None

    def read(self, file: str) -> tuple[int, bool]:
        """Return how many rows of a file are done, and whether that is all of it."""
        if self._done_again is not None and file not in self._done_again:
            return 0, False
        position = self._results.read_position(self._key(file))
        return position.emitted, position.finished

    def write(self, file: str, rows: int, *, finished: bool = False) -> None:
        """Note how many rows of a file are done."""
        if self._done_again is not None:
            self._done_again.add(file)
        self._results.write_position(self._key(file), Position("", now(), rows, finished=finished))

    def _key(self, file: str) -> str:
        return f"backfill:{derive_id(*self._names, file)}"
